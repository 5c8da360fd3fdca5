// git-server is what the GitOps controllers fetch from in the tests: it needs no module but Go's own.
// Nothing here is part of the product.
module testbed/tools/git-server

go 1.26.0
