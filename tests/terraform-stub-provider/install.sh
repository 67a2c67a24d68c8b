#!/usr/bin/env bash
# Makes a filesystem mirror with stubs of the providers of AWS, Azure and Google Cloud, and prints the path of a Terraform
# CLI configuration that uses it and nothing else: install.sh DEST_DIR [CACHE_DIR]
#
#   DEST_DIR   becomes the mirror, with terraform.tfrc in it; what is there already is used again
#   CACHE_DIR  keeps what is downloaded from PyPI and npm (default: DEST_DIR/.cache)
#
# Needs Python 3.10 or later with venv, and npm. Progress goes to stderr, the path alone to stdout.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A provider, the npm package with its bindings, that package's version and checksum.
providers=(
  "aws @cdktf/provider-aws 21.22.1 BuSHeaQFUL9l33pBzIMRT7cTQ69AM2mLtijjteCPhVQRmvuhuj9Lvfymf7knAMhYqAT6+Lrls9jiGVW/Us3zrQ=="
  "azurerm @cdktf/provider-azurerm 14.23.1 3H20Ozj7dOKmIj6mqorHZEjLNo5wO/MBEVHwu6k53fln/0EciGQa9sDLWBYSb0o40Ycpih9lFp/k6SGRbFlQVg=="
  "google @cdktf/provider-google 16.12.1 KqNA/5RiFT07r0PSZ6/07cJ2zESUgbj1JchVj21iBFBZVUbD+578xA/k8eq/r0cbyEgLmg9eYWeVslaYah4DCQ=="
)

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

cp "$here/plugin.py" "$here/protocol.py" "$mirror/.runtime/"
"$venv/bin/python" "$here/certificate.py" "$mirror/.runtime/certificate.pem"

case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux_amd64 ;;
  Linux-aarch64 | Linux-arm64) platform=linux_arm64 ;;
  Darwin-x86_64) platform=darwin_amd64 ;;
  Darwin-arm64) platform=darwin_arm64 ;;
  *) fail "Terraform has no name for $(uname -s) on $(uname -m)" ;;
esac

# matches ARCHIVE SHA512: whether it is there, and the one whose checksum is known.
matches() {
  [[ -e $1 ]] && "$venv/bin/python" - "$1" "$2" <<'PY'
import base64, hashlib, sys
path, wanted = sys.argv[1:]
with open(path, "rb") as file:
    digest = hashlib.sha512(file.read()).digest()
sys.exit(base64.b64encode(digest).decode() != wanted)
PY
}

# stub NAME PACKAGE VERSION SHA512: gets the package, reads its schema and lays out a provider that serves it.
stub() {
  local name=$1 package=$2 version=$3 sha512=$4 archive schema provider folder program
  archive=$cache/cdktf-provider-$name-$version.tgz
  if ! matches "$archive" "$sha512"; then
    echo "terraform-stub-provider: $package $version (about 30 MB)" >&2
    rm -f "$archive"
    (cd "$cache" && npm pack --silent --ignore-scripts "$package@$version" >/dev/null) ||
      fail "npm could not get $package@$version"
    matches "$archive" "$sha512" || fail "$package@$version is not the one whose checksum is known"
  fi

  echo "terraform-stub-provider: schema of $name" >&2
  schema=$mirror/.runtime/$name.pb
  provider=$(cd "$here" && PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" schema.py "$archive" "$schema") ||
    fail "$package@$version: its schema cannot be read"
  folder=$mirror/registry.terraform.io/hashicorp/$name/$provider/$platform
  program=$folder/terraform-provider-${name}_v${provider}_x5
  mkdir -p "$folder"
  printf '#!/bin/sh\nexec "%s" "%s" "%s" "%s"\n' "$venv/bin/python" "$mirror/.runtime/plugin.py" "$schema" \
    "$mirror/.runtime/certificate.pem" >"$program"
  chmod 755 "$program"
}

for row in "${providers[@]}"; do
  read -ra columns <<<"$row"
  stub "${columns[@]}"
done

cat >"$config" <<TFRC
provider_installation {
  filesystem_mirror {
    path = "$mirror"
  }
}
TFRC
echo "$stamp" >"$mirror/.stamp"
echo "$config"
