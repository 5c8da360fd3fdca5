#!/usr/bin/env bash
# Checks that a binary is fit for an image with nothing else in it: linked statically, small, and of use to an unprivileged
# user in an empty root with the certificate authorities alone.
#
#   deploy/image/check-static.sh target/x86_64-unknown-linux-gnu/release/adx-follower
set -euo pipefail

binary=$(realpath "${1:?usage: $0 BINARY}")
most_bytes=$((15 * 1024 * 1024))
bundle=/etc/ssl/certs/ca-certificates.crt

fail() {
  echo "check-static: $*" >&2
  exit 1
}

# The program headers, read here: a machine without binutils builds images too. 64 bits, little endian: both platforms are.
number() { # OFFSET BYTES
  local bytes
  bytes=$(od --address-radix=n --format="u$2" --skip-bytes="$1" --read-bytes="$2" "$binary")
  echo "${bytes// /}"
}
[ "$(head --bytes=4 "$binary" | tail --bytes=3)" = ELF ] || fail "$binary is no ELF file"
headers_at=$(number 32 8)
header_size=$(number 54 2)
headers=$(number 56 2)
for ((header = 0; header < headers; header++)); do
  kind=$(number $((headers_at + header * header_size)) 4)
  # PT_INTERP: a dynamic linker would have to be there.
  [ "$kind" -ne 3 ] || fail "$binary is not linked statically"
done
echo "ok: linked statically"

bytes=$(stat --format=%s "$binary")
[ "$bytes" -le "$most_bytes" ] || fail "$binary has $bytes bytes, more than $most_bytes"
echo "ok: $((bytes / 1024)) KiB"

root=$(mktemp --directory)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"
install -D --mode=0755 "$binary" "$root/usr/local/bin/adx-follower"
[ -f "$bundle" ] || fail "$bundle is missing: install ca-certificates"
install -D --mode=0644 "$bundle" "$root$bundle"

azure=(AZURE_CLIENT_ID=c AZURE_TENANT_ID=t)
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot || true)
unshare=$(command -v unshare || true)

# In the empty root where that is allowed, else here without an environment.
if [ "$(id --user)" -eq 0 ] && "$chroot" --userspec=65532:65532 "$root" /usr/local/bin/adx-follower --version >/dev/null 2>&1; then
  inside() { env --ignore-environment "${azure[@]}" "$chroot" --userspec=65532:65532 "$root" /usr/local/bin/adx-follower "$@"; }
  secret=/secret
  where="in an empty root as user 65532"
elif "$unshare" --user --map-root-user --root="$root" /usr/local/bin/adx-follower --version >/dev/null 2>&1; then
  inside() { env --ignore-environment "${azure[@]}" "$unshare" --user --map-root-user --root="$root" /usr/local/bin/adx-follower "$@"; }
  secret=/secret
  where="in an empty root"
else
  inside() { env --ignore-environment "${azure[@]}" "$root/usr/local/bin/adx-follower" "$@"; }
  secret=$root/secret
  where="without an environment (no right to change the root here)"
fi

inside --version
[ "$(inside crds | grep --count '^kind: CustomResourceDefinition$')" -eq 2 ] || fail "\`crds\` does not print the definitions"

# The authorities are found: it gets as far as a connection, to a port where nobody listens.
install --mode=0444 /dev/stdin "$root/secret" <<<"no secret"
cluster=/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx/providers/Microsoft.Kusto/clusters/follower1
nowhere=https://127.0.0.1:1
set +e
output=$(inside import --cluster "$cluster" --cloud custom --arm-endpoint "$nowhere" \
  --arm-audience "$nowhere" --authority-host "$nowhere" --credential client-secret --client-secret-file "$secret" 2>&1)
code=$?
set -e
[ "$code" -eq 1 ] || fail "it ends with $code where nothing answers: $output"
grep --quiet --ignore-case 'connection refused' <<<"$output" || fail "it did not get as far as a connection: $output"
echo "ok: runs $where"
