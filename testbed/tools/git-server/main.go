// Command git-server serves the bare Git repositories of a directory over smart HTTP, read only, on a
// free port of 127.0.0.1. It writes its URL into a file once it listens.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
)

func main() {
	root := flag.String("root", "", "`directory` of the bare repositories")
	urlFile := flag.String("url-file", "", "`file` that is told the URL")
	flag.Parse()
	if err := serve(*root, *urlFile); err != nil {
		fmt.Fprintln(os.Stderr, "git-server:", err)
		os.Exit(1)
	}
}

func serve(root, urlFile string) error {
	git, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// Renamed into place, so that nobody reads half of it.
	url := fmt.Sprintf("http://%s", listener.Addr())
	if err := os.WriteFile(urlFile+".unfinished", []byte(url), 0o600); err != nil {
		return err
	}
	if err := os.Rename(urlFile+".unfinished", urlFile); err != nil {
		return err
	}
	return http.Serve(listener, &cgi.Handler{
		Path: git,
		Args: []string{"http-backend"},
		Env: []string{
			"GIT_PROJECT_ROOT=" + root,
			"GIT_HTTP_EXPORT_ALL=1",
			// A repository of another owner is refused otherwise, and no configuration of this
			// machine's is to change what is served.
			"GIT_CONFIG_NOSYSTEM=1",
			"GIT_CONFIG_COUNT=1",
			"GIT_CONFIG_KEY_0=safe.directory",
			"GIT_CONFIG_VALUE_0=*",
		},
	})
}
