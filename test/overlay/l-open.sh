#!/bin/sh
# Group L: open files.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1"
  for name in f g h; do
    echo low > "$1/l1/$name"
  done
  mkfifo "$1/l1/fifo"
  printf '#!/bin/sh\necho ran\n' > "$1/l1/program"
  chmod 755 "$1/l1/program"
}

cases() {
  overlay l l1
  exec 3< "$M/f"
  echo more >> "$M/f"
  is 'L1 a descriptor opened before copy-up sees later writes' "$(cat <&3)" "low
more"
  exec 3<&-
  exec 3< "$M/g"
  exec 4> "$M/g"
  printf new >&4
  is 'L1 also a new content' "$(cat <&3)" new
  exec 3<&- 4>&-
  exec 3<> "$M/h"
  mv "$M/h" "$M/moved"
  echo changed >&3
  exec 3<&-
  is 'G22 a descriptor follows the file, not the name' "$(cat "$M/moved")" changed
  cat "$M/fifo" > "$SCRATCH/through" &
  echo x > "$M/fifo"
  wait
  is 'L18 a lower fifo works' "$(cat "$SCRATCH/through")" x
  is 'L18 without copy-up' "$(kind "$UPPER/fifo")" nothing
  is 'L20 a lower program runs' "$("$M/program")" ran
  printf 'echo again\n' >> "$M/program"
  is 'L20 and again after copy-up' "$(echo $("$M/program"))" 'ran again'
  ok 'L12 sync' sync
}

main "$@"
