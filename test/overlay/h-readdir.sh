#!/bin/sh
# Group H: listings.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/d" "$1/l2/d" "$1/l1/pure" "$1/l1/many" "$1/l2/many" "$1/l2/types" "$1/l1/types"
  for name in a b c; do
    echo l1 > "$1/l1/d/$name"
  done
  for name in b c e; do
    echo l2 > "$1/l2/d/$name"
  done
  echo x > "$1/l1/pure/x"
  for i in $(seq 150); do
    echo x > "$1/l1/many/one$i"
    echo x > "$1/l2/many/two$i"
    echo x > "$1/l2/many/one$i"
  done
  echo x > "$1/l2/types/file"
  ln -s x "$1/l2/types/link"
  mkfifo "$1/l2/types/fifo"
  mkdir "$1/l2/types/dir"
  mknod "$1/l2/types/dev" c 1 3
}

cases() {
  overlay h l1:l2
  echo up > "$M/d/up"
  rm "$M/d/c"
  is 'H1 one entry a name, without what was removed' "$(names "$M/d")" 'a b e up'
  is 'H1 the upper wins' "$(echo new > "$M/d/b" && cat "$M/d/b" && names "$M/d")" "new
a b e up"
  is 'H3 a directory of one layer' "$(names "$M/pure")" x
  is 'H7 . and .. are there' "$(ls -a "$M/pure" | sort | head -n 2 | tr '\n' ' ')" '. .. '
  is 'H8 ls and stat agree on numbers' "$(ls -i "$M/d" | sed -n 's/^ *\([0-9]*\) a$/\1/p')" "$(stat -c %i "$M/d/a")"
  is 'H8 also for what was copied up' "$(ls -i "$M/d" | sed -n 's/^ *\([0-9]*\) b$/\1/p')" "$(stat -c %i "$M/d/b")"
  is 'H9 files' "$(cd "$M/types" && echo $(find . -type f))" ./file
  is 'H9 links' "$(cd "$M/types" && echo $(find . -type l))" ./link
  is 'H9 fifos' "$(cd "$M/types" && echo $(find . -type p))" ./fifo
  is 'H9 devices' "$(cd "$M/types" && echo $(find . -type c))" ./dev
  is 'H9 directories' "$(cd "$M/types" && echo $(find . -type d | sort))" '. ./dir'
  is 'H11 300 names are listed, whatever the buffer' "$(ls "$M/many" | wc -l | tr -d ' ')" 300
  is 'H11 each once' "$(ls "$M/many" | sort | uniq -d)" ''
  find "$M/many" -name 'one*' -exec rm {} \;
  is 'H4 names removed while they are listed: none is skipped' "$(ls "$M/many" | grep -c one)" 0
  is 'H4 and no other is lost' "$(ls "$M/many" | wc -l | tr -d ' ')" 150
  ok 'H5 rm -r of all' rm -r "$M/many"
  is 'H5 leaves nothing' "$(kind "$M/many")" nothing
  (cd "$M/d" && find . -type f) | sed 's|^./||' > "$SCRATCH/order"
  last_low=$(grep -n -x -e b -e e "$SCRATCH/order" | cut -d : -f 1 | sort -n | tail -n 1)
  first_up=$(grep -n -x -e a -e up "$SCRATCH/order" | cut -d : -f 1 | sort -n | head -n 1)
  ok 'H2 the lowest layer comes first' [ "$last_low" -lt "$first_up" ]
}

main "$@"
