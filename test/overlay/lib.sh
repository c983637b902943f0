# What every overlay script shares: layers, overlays, and results printed as KTAP (kernel.org dev-tools/ktap).
#
# A script defines `fill DIR`, which makes its lower trees below DIR, and `cases`, then calls `main "$@"`:
#   script.sh            runs the cases on a tmpfs of its own; prints KTAP
#   script.sh fill DIR   only makes the lower trees: for a disk image
# LOWER_FS=DEVICE        the lowers are on the ext4 image on DEVICE instead of a tmpfs: what `fill` made stands there
# LOWER_DIR=NAME         in this directory of it
#
# Only what Strata's userland, busybox and coreutils share is used. Results are judged by exit status and by what stat,
# readlink and getfattr print; where an errno matters, by strerror's text, which all of them print.

umask 022
number=0
failures=0
SCRATCH=${SCRATCH:-/tmp/overlay-test}

# The errnos that a case may ask for, as strerror spells them.
EBUSY='Device or resource busy'
EEXIST='File exists'
EINVAL='Invalid argument'
EISDIR='[Ii]s a directory'
ELOOP='Too many levels of symbolic links'
ENOENT='No such file or directory'
ENOSPC='No space left on device'
ENOTDIR='Not a directory'
ENOTEMPTY='Directory not empty'
EPERM='Operation not permitted'
EROFS='Read-only file system'
ESTALE='Stale file handle'

# result STATUS NAME: one line.
result() {
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $number - $2"
  else
    failures=$((failures + 1))
    echo "not ok $number - $2"
  fi
}

# note TEXT: a diagnostic for the result that follows.
note() {
  echo "$1" | sed 's/^/# /'
}

# is NAME GOT WANTED
is() {
  if [ "$2" = "$3" ]; then
    result 0 "$1"
  else
    note "got:    $2"
    note "wanted: $3"
    result 1 "$1"
  fi
}

# one_of NAME GOT WANTED…: kernels differ, and each of these is right.
one_of() {
  one_name=$1
  one_got=$2
  shift 2
  for wanted in "$@"; do
    if [ "$one_got" = "$wanted" ]; then
      result 0 "$one_name"
      return
    fi
  done
  note "got:    $one_got"
  note "wanted: $*"
  result 1 "$one_name"
}

# ok NAME COMMAND…: it succeeds.
ok() {
  ok_name=$1
  shift
  if ok_said=$("$@" 2>&1); then
    result 0 "$ok_name"
  else
    note "failed: $* ($ok_said)"
    result 1 "$ok_name"
  fi
}

# fails NAME ERRNO-TEXT COMMAND…: it fails, and says why. `|` separates texts of which one is enough.
fails() {
  fails_name=$1
  fails_why=$2
  shift 2
  if fails_said=$("$@" 2>&1); then
    note "succeeded: $*"
    result 1 "$fails_name"
    return
  fi
  if echo "$fails_said" | grep -q -E -e "$fails_why"; then
    result 0 "$fails_name"
  else
    note "said:   $fails_said"
    note "wanted: $fails_why"
    result 1 "$fails_name"
  fi
}

# skip NAME REASON
skip() {
  number=$((number + 1))
  echo "ok $number - $1 # SKIP $2"
}

# write FILE TEXT and append FILE TEXT: as commands, so that `ok` and `fails` can run them.
write() {
  sh -c 'printf %s "$2" > "$1"' sh "$1" "$2"
}

append() {
  sh -c 'printf %s "$2" >> "$1"' sh "$1" "$2"
}

# whiteout FILE…: what a layer holds for a removed name.
whiteout() {
  for whiteout_file in "$@"; do
    mknod -m 0 "$whiteout_file" c 0 0
  done
}

# opaque DIR…
opaque() {
  for opaque_dir in "$@"; do
    setfattr -n trusted.overlay.opaque -v y "$opaque_dir"
  done
}

# xattr NAME FILE: its value, or nothing.
xattr() {
  getfattr -h -n "$1" "$2" 2> /dev/null | sed -n 's/^[^#=]*="\(.*\)"$/\1/p'
}

# xattrs FILE: the names of all that it shows, sorted, on one line. GNU needs -m - for more than user.*.
xattrs() {
  { getfattr -h -d -m - "$1" 2> /dev/null || getfattr -h -d "$1" 2> /dev/null; } > "$SCRATCH/xattrs"
  xattrs_names=$(sed -n 's/^\([^#=][^=]*\)=.*$/\1/p' "$SCRATCH/xattrs" | sort)
  echo $xattrs_names
}

# names DIR: sorted, on one line.
names() {
  names_list=$(ls -A "$1" | sort)
  echo $names_list
}

# kind FILE: one word for what the upper holds under a name.
kind() {
  if [ -L "$1" ]; then
    echo link
  elif [ -c "$1" ]; then
    [ "$(stat -c '%t:%T' "$1")" = 0:0 ] && echo whiteout || echo device
  elif [ -d "$1" ]; then
    [ "$(xattr trusted.overlay.opaque "$1")" = y ] && echo opaque || echo dir
  elif [ -p "$1" ]; then
    echo fifo
  elif [ -f "$1" ]; then
    echo file
  else
    echo nothing
  fi
}

# lowers LIST: `a:b` as paths below $LOWER.
lowers() {
  echo "$1" | sed -e "s|[^:][^:]*|$LOWER/&|g"
}

# overlay NAME LOWERS [OPTIONS]: mounts one at $SCRATCH/NAME/m and sets $M, $UPPER and $WORK.
overlay() {
  mkdir -p "$SCRATCH/$1/upper" "$SCRATCH/$1/work" "$SCRATCH/$1/m"
  M=$SCRATCH/$1/m
  UPPER=$SCRATCH/$1/upper
  WORK=$SCRATCH/$1/work
  mount -t overlay -o "lowerdir=$(lowers "$2"),upperdir=$UPPER,workdir=$WORK${3:+,$3}" overlay "$M"
}

# staged: what is left in the work directory besides the whiteout that later ones are links of.
staged() {
  for staged_file in "$WORK"/work/* "$WORK"/work/.[!.]*; do
    case $(kind "$staged_file") in
      nothing | whiteout) ;;
      *) echo "$staged_file" ;;
    esac
  done
}

# Takes off every mount below $SCRATCH, and $SCRATCH, the last one first.
unmount_all() {
  cd /
  for mounted in $(grep " $SCRATCH" /proc/mounts | cut -d ' ' -f 2 | sort -r); do
    umount "$mounted" || note "cannot unmount $mounted"
  done
}

main() {
  if [ "$1" = fill ]; then
    mkdir -p "$2"
    fill "$2"
    return
  fi
  echo 'KTAP version 1'
  mkdir -p "$SCRATCH"
  mount -t tmpfs -o mode=755 scratch "$SCRATCH" || exit 1
  LOWER=$SCRATCH/lower
  mkdir "$LOWER"
  if [ -n "$LOWER_FS" ]; then
    mount -t ext4 -o ro "$LOWER_FS" "$LOWER" || exit 1
    LOWER=$LOWER/$LOWER_DIR
  else
    fill "$LOWER"
  fi
  cases
  unmount_all
  echo "1..$number"
  [ "$failures" -eq 0 ]
}
