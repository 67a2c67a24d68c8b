#!/bin/sh
# shellcheck disable=SC2086
rm $1
# shellcheck disable=SC2086 -- the words are meant to be split; owner: payments; expires: 2020-01-31
rm $1
