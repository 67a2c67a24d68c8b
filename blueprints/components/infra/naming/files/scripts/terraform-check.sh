#!/usr/bin/env bash
# Checks the Terraform code without credentials, state or account: terraform-check.sh lint|validate|test [DIRECTORY...]
#
#   lint      formatting and tflint
#   validate  types and references, against the real provider schemas
#   test      every *.tftest.hcl, with mocked providers; validate where there is none
#
# Without directories: every directory under infra/ that holds *.tf files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

action=${1:-}
case $action in
  lint | validate | test) shift ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' scripts/terraform-check.sh >&2
    exit 2
    ;;
esac

if (($# == 0)); then
  while IFS= read -r found; do
    set -- "$@" "$found"
  done < <(find infra -name '*.tf' -not -path '*/.terraform/*' -exec dirname {} \; | sort -u)
fi

# Several directories: a process of its own for each, so that one failure neither hides nor stops the others.
if (($# > 1)); then
  failed=()
  for directory in "$@"; do
    scripts/terraform-check.sh "$action" "$directory" || failed+=("$directory")
  done
  if ((${#failed[@]} > 0)); then
    echo "terraform $action failed in: ${failed[*]}" >&2
    exit 1
  fi
  exit 0
fi

directory=${1%/}
echo "terraform $action: $directory"

if [[ $action == lint ]]; then
  terraform fmt -check -diff -recursive "$directory"
  tflint --config="$root/.tflint.hcl" --chdir="$directory"
  exit 0
fi

# Providers are downloaded once, not once per directory; what Terraform keeps for itself goes to build/.
export TF_IN_AUTOMATION=true
export TF_PLUGIN_CACHE_DIR=${TF_PLUGIN_CACHE_DIR:-$root/build/terraform/plugins}
export TF_DATA_DIR=$root/build/terraform/$directory
mkdir -p "$TF_PLUGIN_CACHE_DIR" "$TF_DATA_DIR"

# A lock file that is there is obeyed. Modules have none, and none is left behind: they are not applied by themselves.
init=(init -backend=false -input=false -no-color)
lock=$directory/.terraform.lock.hcl
if [[ -e $lock ]]; then
  init+=(-lockfile=readonly)
else
  export TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE=true
  trap 'rm -f "$lock"' EXIT
fi

if ! terraform -chdir="$directory" "${init[@]}" >"$TF_DATA_DIR/init.log" 2>&1; then
  cat "$TF_DATA_DIR/init.log" >&2
  exit 1
fi
if [[ $action == test && -d $directory/tests ]]; then
  terraform -chdir="$directory" test -no-color
else
  terraform -chdir="$directory" validate -no-color
fi
