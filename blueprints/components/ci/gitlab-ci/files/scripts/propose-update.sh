#!/usr/bin/env bash
# Proposes what `make update` worked out: propose-update.sh
#
# Opens a merge request, or brings the one that is open up to date. One that a person closed is opened again for another
# update only, and a branch on which a person has committed is left alone. For the pipeline: pushes as GOLDPATH_TOKEN, a
# project access token, which also writes issues; without one as the job, whose token has to be allowed to push (Settings
# > CI/CD > Job token permissions), and what can't be proposed fails the job.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/update
branch=goldpath/update

state=$(<"$out/state")
title=$(head -1 "$out/title" | cut -c 1-200)
notes=$(head -c 40000 "$out/notes.md")
by_hand=$(head -c 2000 "$out/by-hand.md")

if [[ -z ${CI_JOB_TOKEN:-} ]]; then
  echo "propose-update.sh works in a GitLab job only: elsewhere, run goldpath update." >&2
  exit 1
fi
home=$CI_SERVER_URL/$CI_PROJECT_PATH.git

# git asks for these: so the token stands in no address and in no configuration.
if [[ -n ${GOLDPATH_TOKEN:-} ]]; then
  export PUSH_USER=goldpath PUSH_TOKEN=$GOLDPATH_TOKEN
else
  export PUSH_USER=gitlab-ci-token PUSH_TOKEN=$CI_JOB_TOKEN
fi
export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0=
export GIT_CONFIG_KEY_1="credential.$CI_SERVER_URL.helper"
# git's shell reads the variables when it asks.
export GIT_CONFIG_VALUE_1="!printf 'username=%s\npassword=%s\n' \"\$PUSH_USER\" \"\$PUSH_TOKEN\"; :"

# api METHOD PATH [DATA]: the header comes by standard input, since arguments show in the list of processes.
api() {
  curl --fail-with-body --silent --show-error --header @- --header 'Content-Type: application/json' \
    --request "$1" ${3:+--data "$3"} "$CI_API_V4_URL/projects/$CI_PROJECT_ID/$2" <<<"PRIVATE-TOKEN: $GOLDPATH_TOKEN"
}

# Opens an issue, or brings the open one of the same title up to date; `once`: not if there was one before.
note() {
  local text=$1 once=${2:-} data known
  if [[ -z ${GOLDPATH_TOKEN:-} ]]; then
    printf '%s\n\n%s\n' "$title" "$text"
    exit 1
  fi
  data=$(jq --null-input --arg title "$title" --arg text "$text" '{ title: $title, description: $text }')
  known=$(api GET "issues?in=title&per_page=100&search=$(jq --null-input --raw-output --arg title "$title" '$title | @uri')" |
    jq --raw-output --arg title "$title" \
      'map(select(.title == $title)) | sort_by(.state == "closed") | .[0] // empty | "\(.state) \(.iid)"')
  case $known in
    opened*) api PUT "issues/${known#* }" "$data" >/dev/null ;;
    closed*)
      if [[ $once == once ]]; then
        echo "Issue ${known#* } said so already, and was closed."
        return
      fi
      api POST issues "$data" >/dev/null
      ;;
    *) api POST issues "$data" >/dev/null ;;
  esac
  echo "$title: see the issue."
}

propose() {
  local known body options=()
  known=$(scripts/update.sh compare "$home")
  # GitLab makes texts of one line only when it pushes. A push alone updates the merge request that is open; one that was
  # closed stays closed.
  body="$(head -1 "$out/line" | cut -c 1-2000). Files that are merged have edits of yours: read those first. \
A pipeline that did not start: press *Run pipeline*. To go on by yourself, commit on this branch: it is left alone from \
then on. Not wanted? Close this and keep the branch, then only another update is proposed."
  case $known in
    taken)
      echo "Somebody has committed on $branch: it is theirs to finish."
      return
      ;;
    same)
      echo "$branch proposes this already; delete it to have it proposed again."
      return
      ;;
    moved) ;;
    new)
      options=(
        -o merge_request.create
        -o merge_request.target="$CI_DEFAULT_BRANCH"
        -o merge_request.title="$title"
        -o merge_request.description="$body"
        -o merge_request.remove_source_branch
      )
      ;;
  esac

  # What was emitted goes along: the next update compares with it.
  if git bundle list-heads "$out/bundle" refs/goldpath/pristine | grep --quiet .; then
    git fetch --quiet --no-write-fetch-head "$out/bundle" +refs/goldpath/pristine:refs/goldpath/emitted
    git push --quiet "$home" refs/goldpath/emitted:refs/goldpath/pristine ||
      echo "refs/goldpath/pristine was not pushed: the next update may have to ask for what was emitted." >&2
  fi
  git push --quiet --force "${options[@]}" "$home" "refs/goldpath/proposed:refs/heads/$branch"
}

case $state in
  current) echo "$title" ;;
  ready) propose ;;
  conflicts)
    note "What the golden path and you have changed in the same lines is for you to settle:

$by_hand

$notes" once
    ;;
  denied | failed)
    note "Nothing was proposed. docs/updates.md says what to do.

$notes"
    exit 1
    ;;
  *)
    echo "$out/state says $state, which is unknown: run 'make update' first." >&2
    exit 2
    ;;
esac
