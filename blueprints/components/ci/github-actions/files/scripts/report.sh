#!/usr/bin/env bash
# Reports what a scheduled workflow found: report.sh, with TITLE and TEXT in the environment
#
# Opens an issue, or adds to the open one of the same title. Needs gh, and a GH_TOKEN that may write issues.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ $# -ne 0 || -z ${TITLE:-} || -z ${TEXT:-} ]]; then
  sed -n '2,4s/^# \{0,1\}//p' scripts/report.sh >&2
  exit 2
fi

number=$(gh issue list --state open --limit 500 --json number,title \
  --jq 'map(select(.title == env.TITLE)) | .[0].number // empty')
if [[ -n $number ]]; then
  gh issue comment "$number" --body "$TEXT"
else
  gh issue create --title "$TITLE" --body "$TEXT"
fi
