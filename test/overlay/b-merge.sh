#!/bin/sh
# Group B: lookup and merge. Layers: the upper, then l1, l2, l3.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1" "$1/l2" "$1/l3"
  for layer in l1 l2 l3; do
    mkdir "$1/$layer/d"
    echo $layer > "$1/$layer/d/in-$layer"
    echo $layer > "$1/$layer/d/same"
  done
  echo l2 > "$1/l2/d/lower"
  echo l3 > "$1/l3/d/lower"

  # B2: a file above directories. B4: a file between directories.
  echo file > "$1/l1/hides"
  mkdir "$1/l2/hides" "$1/l1/stops" "$1/l3/stops"
  echo deep > "$1/l2/hides/deep"
  echo top > "$1/l1/stops/top"
  echo file > "$1/l2/stops"
  echo deep > "$1/l3/stops/deep"

  # B5: a whiteout between directories. B16: a whiteout with nothing above.
  mkdir "$1/l1/cut" "$1/l3/cut"
  whiteout "$1/l2/cut" "$1/l1/gone" "$1/l3/nothing"
  echo deep > "$1/l3/cut/deep"
  echo old > "$1/l2/gone"

  # B6: an opaque directory between. B7: what lies below it.
  mkdir -p "$1/l1/op" "$1/l2/op/sub" "$1/l3/op/sub/deeper"
  opaque "$1/l2/op"
  echo l1 > "$1/l1/op/a"
  echo l2 > "$1/l2/op/b"
  echo l3 > "$1/l3/op/c"
  echo l2 > "$1/l2/op/sub/b"
  echo l3 > "$1/l3/op/sub/c"
}

cases() {
  overlay b l1:l2:l3
  is 'B1 the topmost lower wins' "$(cat "$M/d/same")" l1
  is 'B1 then the next' "$(cat "$M/d/lower")" l2
  is 'B3 directories merge over all layers' "$(names "$M/d")" 'in-l1 in-l2 in-l3 lower same'
  is 'B2 a file hides the directories below' "$(stat -c %F "$M/hides")" 'regular file'
  fails 'B2 nothing of them is left' "$ENOTDIR" cat "$M/hides/deep"
  is 'B4 a file below stops the merge' "$(names "$M/stops")" top
  fails 'B4 what lies deeper is not found' "$ENOENT" cat "$M/stops/deep"
  is 'B5 a whiteout stops the merge' "$(names "$M/cut")" ''
  fails 'B16 a whiteout hides what lies below' "$ENOENT" stat "$M/gone"
  fails 'B16 a whiteout over nothing' "$ENOENT" stat "$M/nothing"
  is 'B6 an opaque lower stops the merge' "$(names "$M/op")" 'a b sub'
  is 'B7 and below it too' "$(names "$M/op/sub")" b
  fails 'B7 by name too' "$ENOENT" stat "$M/op/sub/deeper"

  umount "$M"
  mkdir "$UPPER/d" "$UPPER/op"
  echo upper > "$UPPER/d/same"
  whiteout "$UPPER/d/in-l2"
  opaque "$UPPER/op"
  overlay b l1:l2:l3
  is 'B1 the upper wins' "$(cat "$M/d/same")" upper
  is 'B3 the upper merges with the lowers' "$(names "$M/d")" 'in-l1 in-l3 lower same'
  is 'B6 an opaque upper stops the merge' "$(names "$M/op")" ''
  is 'B15 a link is followed in the overlay' "$(ln -s d/in-l3 "$M/link" && cat "$M/link")" l3
}

main "$@"
