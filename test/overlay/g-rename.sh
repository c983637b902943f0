#!/bin/sh
# Group G: rename. mv copies what cannot be renamed, so EXDEV shows as a copy: with a new inode, in the upper.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/low/sub" "$1/l1/merged" "$1/l1/bare" "$1/l1/full" "$1/l1/target" "$1/l1/into" "$1/l1/clear" "$1/l1/parent/name"
  for name in f g h a b w low/x low/sub/y merged/x full/x target/x clear/x parent/name/x over; do
    echo "low $name" > "$1/l1/$name"
  done
}

cases() {
  overlay g l1
  ok 'G1 mv of a lower directory copies it' mv "$M/low" "$M/low2"
  is 'G1 nothing is lost' "$(cat "$M/low2/x" "$M/low2/sub/y")" "low low/x
low low/sub/y"
  is 'G1 the old name is gone' "$(kind "$M/low") $(kind "$UPPER/low")" 'nothing whiteout'
  echo up > "$M/merged/up"
  ok 'G3 mv of a merged directory' mv "$M/merged" "$M/merged2"
  is 'G3 keeps both parts' "$(names "$M/merged2")" 'up x'

  mv "$M/f" "$M/f2"
  is 'G4 a lower file moves' "$(cat "$M/f2")" 'low f'
  is 'G4 and leaves a whiteout' "$(kind "$UPPER/f")" whiteout
  echo up > "$M/p"
  mv "$M/p" "$M/q"
  is 'G5 a file of the upper alone leaves nothing' "$(kind "$UPPER/p") $(cat "$M/q")" 'nothing up'
  rm "$M/w"
  mv "$M/q" "$M/w"
  is 'G6 onto a whiteout' "$(cat "$M/w") $(kind "$UPPER/q")" 'up nothing'
  rm "$M/g"
  mv "$M/h" "$M/g"
  is 'G6 a lower file onto a whiteout' "$(cat "$M/g") $(kind "$UPPER/h")" 'low h whiteout'
  mv "$M/a" "$M/b"
  is 'G4 a lower file onto a lower file' "$(cat "$M/b") $(kind "$UPPER/a")" 'low a whiteout'
  mkdir "$M/new"
  rm "$M/over"
  mv "$M/new" "$M/over"
  is 'G6 a directory onto a whiteout' "$(kind "$M/over") $(kind "$UPPER/new")" 'dir nothing'

  mkdir "$M/d1"
  echo 1 > "$M/d1/one"
  ok 'G7 a directory over an empty lower one' mv -T "$M/d1" "$M/bare"
  is 'G7 takes its place' "$(names "$M/bare")" one
  rm "$M/clear/x"
  mkdir "$M/d2"
  echo 2 > "$M/d2/two"
  ok 'G7 over one that holds whiteouts' mv -T "$M/d2" "$M/clear"
  is 'G7 and nothing comes back' "$(names "$M/clear")" two
  mkdir "$M/d3"
  fails 'G8 over one that is not empty' "$ENOTEMPTY" mv -T "$M/d3" "$M/full"
  is 'G8 which is as before' "$(names "$M/full") $(kind "$M/d3")" 'x dir'
  fails 'G9 a file over a directory' "$EISDIR|cannot overwrite directory|$EEXIST" mv -T "$M/f2" "$M/full"
  fails 'G9 a directory over a file' "$ENOTDIR|cannot overwrite non-directory" mv -T "$M/d3" "$M/f2"
  mkdir "$M/d3/sub"
  fails 'G10 into itself' "$EINVAL|subdirectory of itself" mv "$M/d3" "$M/d3/sub/x"
  mv -n "$M/b" "$M/g" 2> /dev/null
  is 'G11 without replacing' "$(cat "$M/g")" 'low h'
  rm "$M/g"
  mv -n "$M/b" "$M/g"
  is 'G11 a whiteout is nothing to replace' "$(cat "$M/g")" 'low a'

  mv "$M/f2" "$M/into/f2"
  is 'G4 into another directory' "$(cat "$M/into/f2") $(kind "$UPPER/f2")" 'low f nothing'
  mkdir "$M/opq"
  echo o > "$M/opq/o"
  rm -r "$M/parent/name"
  mv "$M/opq" "$M/parent/name"
  is 'G14 a directory moved over a hidden one stays alone' "$(names "$M/parent/name")" o
  is 'G14 because it is opaque' "$(kind "$UPPER/parent/name")" opaque
  is 'G4 nothing is left in the work directory' "$(staged)" ''
  umount "$M"
  overlay g l1
  is 'G14 also after a new mount' "$(names "$M/parent/name")" o
  is 'G7 also after a new mount' "$(names "$M/bare") $(names "$M/clear")" 'one two'
  is 'G4 also after a new mount' "$(names "$M")" 'bare clear d3 full g into low2 merged2 over parent target w'
}

main "$@"
