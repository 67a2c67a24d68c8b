#!/usr/bin/env bash
# Proposes what `make update` worked out: propose-update.sh
#
# Opens a pull request, or brings the one that is open up to date. One that a person closed is opened again for another
# update only, and a branch on which a person has committed is left alone. What can't be proposed becomes an issue. For
# the pipeline: needs gh, and a GH_TOKEN that may push branches and write pull requests and issues. GitHub takes changes
# of workflows from an app only: APP names it, where GH_TOKEN is an app's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/update
branch=goldpath/update

state=$(<"$out/state")
TITLE=$(head -1 "$out/title" | cut -c 1-200)
export TITLE
# GitHub takes texts of up to 65,536 characters.
notes=$(head -c 40000 "$out/notes.md")
by_hand=$(head -c 2000 "$out/by-hand.md")

git_home() {
  git -c credential.helper= -c 'credential.helper=!gh auth git-credential' "$@"
}

# Opens an issue, or brings the open one of the same title up to date; `once`: not if there was one before.
note() {
  local text=$1 once=${2:-} known
  known=$(gh issue list --state all --search "in:title \"$TITLE\"" --limit 50 --json number,state,title \
    --jq 'map(select(.title == env.TITLE)) | sort_by(.state == "CLOSED") | .[0] // empty | "\(.state) \(.number)"')
  case $known in
    OPEN*) gh issue edit "${known#* }" --body "$text" ;;
    CLOSED*)
      if [[ $once == once ]]; then
        echo "Issue ${known#* } said so already, and was closed."
      else
        gh issue create --title "$TITLE" --body "$text"
      fi
      ;;
    *) gh issue create --title "$TITLE" --body "$text" ;;
  esac
}

propose() {
  local known open closed body
  known=$(scripts/update.sh compare origin)
  open=$(gh pr list --state open --head "$branch" --json number --jq '.[0].number // empty')
  case $known in
    taken)
      echo "Somebody has committed on $branch: it is theirs to finish."
      return
      ;;
    same | moved)
      closed=$(gh pr list --state closed --head "$branch" --json headRefOid --jq '.[].headRefOid')
      if [[ -z $open ]] && grep --quiet --line-regexp "$(git rev-parse refs/goldpath/known)" <<<"$closed"; then
        echo "This update was proposed and closed; delete the branch $branch to have it proposed again."
        return
      fi
      if [[ -n $open && $known == same ]]; then
        echo "Pull request $open proposes this already."
        return
      fi
      ;;
  esac

  if [[ -z ${APP:-} ]] && ! git diff --quiet HEAD refs/goldpath/proposed -- .github/workflows; then
    note "The update changes workflows, which GitHub takes from an app or a person only. Do it yourself, or give the
environment \`golden-path\` an app: docs/updates.md says how.

$by_hand

$notes" once
    return
  fi

  # What was emitted goes along: the next update compares with it.
  if git bundle list-heads "$out/bundle" refs/goldpath/pristine | grep --quiet .; then
    git fetch --quiet --no-write-fetch-head "$out/bundle" +refs/goldpath/pristine:refs/goldpath/emitted
    git_home push --quiet origin refs/goldpath/emitted:refs/goldpath/pristine ||
      echo "::warning::refs/goldpath/pristine was not pushed: the next update may have to ask for what was emitted."
  fi
  git_home push --quiet --force origin "refs/goldpath/proposed:refs/heads/$branch"
  body="$notes

Files that are *merged* have edits of yours: read those first. Checks that are held back start with *Approve workflows to
run*; they have no deploy rights. To go on by yourself, commit on this branch: it is left alone from then on. Not wanted?
Close this and keep the branch, then only another update is proposed."
  if [[ -n $open ]]; then
    gh pr edit "$open" --title "$TITLE" --body "$body"
  else
    gh pr create --base main --head "$branch" --title "$TITLE" --body "$body"
  fi
}

case $state in
  current) echo "$TITLE" ;;
  ready) propose ;;
  conflicts)
    note "What the golden path and you have changed in the same lines is for you to settle:

$by_hand

$notes" once
    ;;
  denied | failed)
    note "Nothing was proposed. docs/updates.md says what to do.

$notes"
    echo "$TITLE: see the issue." >&2
    exit 1
    ;;
  *)
    echo "$out/state says $state, which is unknown: run 'make update' first." >&2
    exit 2
    ;;
esac
