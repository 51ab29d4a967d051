#!/usr/bin/env bash
# The script that the project began with, mended only so far that it comes to its end: all pages
# instead of the first, the missing space in the wiki's test, zip by Python where zip is missing.
set -u
owner="$1" bucket="$2" tmp_dir="$3"

rm -rf "$tmp_dir" "$tmp_dir"_zips
mkdir -p "$tmp_dir" "$tmp_dir"_zips
cd "$tmp_dir" || exit 1
page=1
while reps=$(curl -s --cacert "$SSL_CERT_FILE" "$GITHUB_API_URL/users/$owner/repos?page=$page" |
  grep -o '"clone_url": "[^"]*"' | sed -e 's/"clone_url": "//;s/\.git"//') && [ -n "$reps" ]; do
  for i in $reps; do
    git clone -q "$i.git" || exit 1
    wikiout=$(git clone -q "$i.wiki.git" 2>&1) || echo "$wikiout" | grep -q -e "not found" -e "Authentication" -e "could not read Username" || exit 1
  done
  page=$((page + 1))
done
for i in *; do
  if command -v zip >/dev/null; then
    zip -qr "${tmp_dir}_zips/$i.zip" "$i" || exit 1
  else
    python3 -m zipfile -c "${tmp_dir}_zips/$i.zip" "$i" || exit 1
  fi
done
date >"${tmp_dir}_zips/$(date +%Y-%m-%d-%H-%M.txt)"
aws s3 sync --only-show-errors "${tmp_dir}_zips" "s3://$bucket/seed" --delete
