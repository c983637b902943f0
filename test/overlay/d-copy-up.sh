#!/bin/sh
# Group D: copy-up.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/p/q/r" "$1/l1/set"
  for name in append chmod chown touch xattr truncate linked renamed read trunc hard race readers; do
    echo low > "$1/l1/$name"
  done
  echo deep > "$1/l1/p/q/r/deep"
  chmod 2750 "$1/l1/set"
  chown 12:34 "$1/l1/set"
  echo x > "$1/l1/set/file"
  chmod 4755 "$1/l1/set/file"
  chown 56:78 "$1/l1/set/file"
  touch -d '2001-02-03 04:05:06' "$1/l1/set/file"
  chmod 4755 "$1/l1/set/file"
  setfattr -n trusted.kept -v value "$1/l1/set/file"
  setfattr -n trusted.overlay.redirect -v nowhere "$1/l1/xattr"
  ln "$1/l1/hard" "$1/l1/twin"
  mkfifo "$1/l1/fifo"
  mknod "$1/l1/null" c 1 3
  ln -s target "$1/l1/link"
  seq 60000 > "$1/l1/big"
  truncate -s 4194304 "$1/l1/sparse"
  echo end >> "$1/l1/sparse"
  for i in p p/q p/q/r set; do
    touch -d '2002-03-04 05:06:07' "$1/l1/$i"
  done
}

# up NAME FILE: it was copied up.
up() {
  is "$1" "$(kind "$UPPER/$2")" "${3:-file}"
}

cases() {
  overlay d l1
  cat "$M/read" > /dev/null
  ls -l "$M" > /dev/null
  is 'D1 reading copies nothing' "$(names "$UPPER")" ''
  append "$M/append" more && up 'D1 opening for writing does' append
  is 'D1 the content is old and new' "$(cat "$UPPER/append")" "low
more"
  is 'D1 the lower file is untouched' "$(cat "$LOWER/l1/append")" low
  chmod 600 "$M/chmod" && up 'D1 chmod' chmod
  chown 1:2 "$M/chown" && up 'D1 chown' chown
  touch "$M/touch" && up 'D1 touch' touch
  setfattr -n trusted.mine -v 1 "$M/xattr" && up 'D1 setfattr' xattr
  truncate -s 2 "$M/truncate" && up 'D1 truncate' truncate
  is 'D1 truncate keeps the beginning' "$(cat "$M/truncate")" lo
  ln "$M/linked" "$M/second" && up 'D1 link' linked
  mv "$M/renamed" "$M/moved" && up 'D1 rename' moved
  : > "$M/trunc"
  is 'D14 O_TRUNC leaves an empty file' "$(stat -c %s "$UPPER/trunc")" 0
  cat "$M/null" > /dev/null
  echo x > "$M/null"
  is 'D2 a device opened for writing is not copied' "$(kind "$UPPER/null")" nothing
  chmod 600 "$M/fifo" && up 'D24 a fifo' fifo fifo
  chmod 600 "$M/null" && up 'D24 a device' null device
  is 'D24 the same device' "$(stat -c %t:%T "$UPPER/null")" 1:3
  mv "$M/link" "$M/link2" && up 'D24 a symbolic link' link2 link
  is 'D24 with its target' "$(readlink "$M/link2")" target

  echo more >> "$M/p/q/r/deep"
  is 'D4 parents are copied first' "$(kind "$UPPER/p/q/r")" dir
  is 'D5 a parent keeps its time' "$(stat -c %Y "$M/p/q/r")" "$(stat -c %Y "$LOWER/l1/p/q/r")"
  is 'D5 and its parents too' "$(stat -c %Y "$UPPER/p/q")" "$(stat -c %Y "$LOWER/l1/p/q")"
  is 'D4 they still merge' "$(names "$M/p")" q

  chmod 4711 "$M/set/file"
  is 'D6 a directory keeps mode and owner' "$(stat -c '%a %u %g' "$UPPER/set")" '2750 12 34'
  is 'D6 and its time' "$(stat -c %Y "$UPPER/set")" "$(stat -c %Y "$LOWER/l1/set")"
  is 'D19 a file keeps set-id bits, owner and time' "$(stat -c '%a %u %g %Y' "$UPPER/set/file")" \
    "4711 56 78 $(stat -c %Y "$LOWER/l1/set/file")"
  is 'D18 xattrs are copied' "$(xattr trusted.kept "$UPPER/set/file")" value
  is 'D18 the overlay'"'"'s own are not' "$(xattr trusted.overlay.redirect "$UPPER/xattr")" ''

  echo more >> "$M/hard"
  is 'D22 copy-up breaks a hard link' "$(cat "$M/twin")" low

  append "$M/sparse" more
  ok 'D13 a file with a hole is copied whole' cmp "$M/sparse" "$(cat "$LOWER/l1/sparse" > "$SCRATCH/whole" && printf more >> "$SCRATCH/whole" && echo "$SCRATCH/whole")"
  ok 'D13 and the hole stays one' [ "$(stat -c %b "$UPPER/sparse")" -lt 4096 ]
  is 'D7 nothing is left in the work directory' "$(staged)" ''

  for i in 1 2 3 4; do
    echo $i >> "$M/race" &
  done
  wait
  is 'D9 writers that race lose nothing' "$(sort "$M/race" | tr '\n' ' ')" '1 2 3 4 low '
  for i in 1 2 3 4 5 6; do
    cat "$M/readers" | head -n 1
  done > "$SCRATCH/read" &
  echo more >> "$M/readers"
  wait
  is 'D8 a reader sees the whole old content' "$(sort -u "$SCRATCH/read")" low

  umount "$M"
  overlay d l1 ro
  fails 'D3 a failed open copies nothing' "$EROFS" append "$M/big" x
  is 'D3 the upper is untouched' "$(kind "$UPPER/big")" nothing
  umount "$M"

  mkdir "$SCRATCH/small"
  mount -t tmpfs -o size=128k small "$SCRATCH/small"
  mkdir "$SCRATCH/small/upper" "$SCRATCH/small/work" "$SCRATCH/small/m"
  UPPER=$SCRATCH/small/upper
  WORK=$SCRATCH/small/work
  M=$SCRATCH/small/m
  mount -t overlay -o "lowerdir=$LOWER/l1,upperdir=$UPPER,workdir=$WORK" overlay "$M"
  fails 'D10 a full upper: the errno is returned' "$ENOSPC" append "$M/big" x
  is 'D10 nothing is left in the upper' "$(names "$UPPER")" ''
  is 'D10 nor in the work directory' "$(staged)" ''
  ok 'D10 the lower file still shows, whole' cmp "$M/big" "$LOWER/l1/big"
  ok 'D10 a small file still fits' append "$M/append" x
  cat "$M/read" > /dev/null
  echo theirs > "$UPPER/read"
  fails 'D11 a file that appeared in the upper meanwhile is not replaced' "$EEXIST" append "$M/read" ours
  is 'D11 it is as it was' "$(cat "$UPPER/read")" theirs
}

main "$@"
