#!/bin/sh
# Group A: mounting, options, layers.
. "${0%/*}/lib.sh"

fill() {
  mkdir -p "$1/l1/inner" "$1/l2"
  echo 1 > "$1/l1/f"
  echo 2 > "$1/l2/g"
  chmod 751 "$1/l1"
}

# refused NAME ERRNO OPTIONS: mount's words for EINVAL and ENOENT differ from strerror's.
refused() {
  refused_why=$2
  [ "$2" = "$EINVAL" ] && refused_why="$2|wrong fs type"
  [ "$2" = "$ENOENT" ] && refused_why="$2|does not exist"
  fails "$1" "$refused_why" mount -t overlay -o "$3" overlay "$SCRATCH/m"
}

cases() {
  mkdir "$SCRATCH/m" "$SCRATCH/up" "$SCRATCH/work" "$SCRATCH/up/in" "$SCRATCH/other"
  echo x > "$SCRATCH/file"
  l1=$LOWER/l1
  l2=$LOWER/l2
  up=upperdir=$SCRATCH/up,workdir=$SCRATCH/work

  refused 'A1 no lowerdir' "$EINVAL" "$up"
  refused 'A2 one lower and no upper' "$EINVAL" "lowerdir=$l1"
  refused 'A4 upper without workdir' "$EINVAL" "lowerdir=$l1,upperdir=$SCRATCH/up"
  refused 'A6 a lower that is not there' "$ENOENT" "lowerdir=$LOWER/none,$up"
  refused 'A6 a lower that is no directory' "$EINVAL" "lowerdir=$SCRATCH/file,$up"
  refused 'A6 an upper that is not there' "$ENOENT" "lowerdir=$l1,upperdir=$SCRATCH/none,workdir=$SCRATCH/work"
  mount -t tmpfs other "$SCRATCH/other"
  refused 'A7 workdir on another mount' "$EINVAL" "lowerdir=$l1,upperdir=$SCRATCH/up,workdir=$SCRATCH/other"
  umount "$SCRATCH/other"
  refused 'A8 workdir is upperdir' "$EINVAL" "lowerdir=$l1,upperdir=$SCRATCH/up,workdir=$SCRATCH/up"
  refused 'A8 workdir inside upperdir' "$EINVAL" "lowerdir=$l1,upperdir=$SCRATCH/up,workdir=$SCRATCH/up/in"
  refused 'A8 upperdir inside workdir' "$EINVAL" "lowerdir=$l1,upperdir=$SCRATCH/up/in,workdir=$SCRATCH/up"
  refused 'A9 lower is upper' "$ELOOP" "lowerdir=$SCRATCH/up,$up"
  refused 'A9 lower inside upper' "$ELOOP" "lowerdir=$SCRATCH/up/in,$up"
  refused 'A9 the same lower twice' "$ELOOP" "lowerdir=$l1:$l1,$up"
  refused 'A9 a lower inside another' "$ELOOP" "lowerdir=$l1:$l1/inner,$up"
  mount -t tmpfs -o ro other "$SCRATCH/other"
  refused 'A12 an upper on a read-only filesystem' "$EINVAL" \
    "lowerdir=$l1,upperdir=$SCRATCH/other,workdir=$SCRATCH/other"
  umount "$SCRATCH/other"
  refused 'A17 a leading colon' "$EINVAL" "lowerdir=:$l1,$up"
  refused 'A20 an unknown option' "$EINVAL" "lowerdir=$l1,$up,nonsense"
  refused 'A20 a bad value' "$EINVAL" "lowerdir=$l1,$up,index=perhaps"
  is 'A20 nothing was mounted by any of these' "$(grep -c " $SCRATCH/m " /proc/mounts)" 0

  ok 'A3 two lowers and no upper' mount -t overlay -o "lowerdir=$l1:$l2" overlay "$SCRATCH/m"
  is 'A3 both lowers show' "$(names "$SCRATCH/m")" 'f g inner'
  fails 'A3 it is read-only' "$EROFS" mkdir "$SCRATCH/m/d"
  umount "$SCRATCH/m"
  ok 'A5 workdir without upper is ignored' \
    mount -t overlay -o "lowerdir=$l1:$l2,workdir=$SCRATCH/work" overlay "$SCRATCH/m"
  umount "$SCRATCH/m"

  ok 'A10 the upper may lie inside a lower' \
    mount -t overlay -o "lowerdir=$l2:$SCRATCH/up,upperdir=$SCRATCH/work,workdir=$SCRATCH/other" overlay "$SCRATCH/m"
  umount "$SCRATCH/m"

  overlay a l1:l2
  is 'A32 the root shows the upper root' "$(stat -c %a "$M")" "$(stat -c %a "$UPPER")"
  is 'A33 workdir/work has mode 0' "$(stat -c %a "$WORK/work")" 0
  is 'A36 the options are shown' "$(grep " $M " /proc/mounts | grep -c "upperdir=$UPPER,workdir=$WORK")" 1
  mkdir "$UPPER/point"
  mount -t tmpfs point "$UPPER/point"
  echo hidden > "$UPPER/point/file"
  is 'A30 what is mounted in a layer does not show' "$(names "$M/point")" ''
  umount "$UPPER/point"
  mkdir "$SCRATCH/m2" "$SCRATCH/m3" "$SCRATCH/l3" "$SCRATCH/a:b" "$M/w"
  refused 'A13 an upper on an overlay' "$EINVAL" "lowerdir=$l1,upperdir=$M/inner,workdir=$M/w"
  ok 'A14 an overlay over an overlay' mount -t overlay -o "lowerdir=$M:$SCRATCH/l3" overlay "$SCRATCH/m2"
  is 'A14 shows what the lower one does' "$(cat "$SCRATCH/m2/f" "$SCRATCH/m2/g")" "1
2"
  refused 'A14 a third level' "$EINVAL" "lowerdir=$SCRATCH/m2:$SCRATCH/l3"
  umount "$SCRATCH/m2"
  echo colon > "$SCRATCH/a:b/colon"
  ok 'A16 an escaped colon' mount -t overlay -o "lowerdir=$SCRATCH/a\:b:$SCRATCH/l3" overlay "$SCRATCH/m3"
  is 'A16 is part of the name' "$(names "$SCRATCH/m3")" colon
  umount "$SCRATCH/m3"
  ok 'A37 remount read-only' mount -o remount,ro "$M"
  fails 'A37 then it is' "$EROFS" mkdir "$M/d"
  ok 'A38 and writable again' mount -o remount,rw "$M"
  ok 'A38 then it is' mkdir "$M/d"
  umount "$M"

  mkdir "$WORK/work/#1" "$WORK/work/#1/sub"
  echo x > "$WORK/work/#2"
  overlay a l1:l2
  is 'A34 leftovers in the work directory go' "$(names "$WORK/work")" ''
  umount "$M"
  mkdir -p "$WORK/work/a/b/c"
  overlay a l1:l2
  fails 'A34 deeper ones make the mount read-only' "$EROFS" mkdir "$M/e"

  # Of what has been detached nothing is part of the tree any more: 6.12 says EINVAL, 6.18 ENOENT.
  gone="$EINVAL|wrong fs type|$ENOENT|does not exist"
  overlay gone1 l1:l2
  fails 'a mount below a detached overlay' "$gone" within_detached mount -t tmpfs none inner
  overlay gone2 l1:l2
  fails 'a bind mount of a detached overlay' "$gone" within_detached mount --bind inner "$SCRATCH/m"
  overlay gone3 l1:l2
  fails 'a bind mount onto a detached overlay' "$gone" within_detached mount --bind "$SCRATCH/m" .
  ok 'a directory may be bound over itself' mount --bind "$SCRATCH/m" "$SCRATCH/m"
  ok 'and again' mount --bind "$SCRATCH/m" "$SCRATCH/m"
  umount "$SCRATCH/m"
  ok 'and each is a mount' umount "$SCRATCH/m"
  overlay self l1:l2
  mkdir "$M/inner/deep"
  mount -t tmpfs none "$M/inner/deep"
  mkdir "$M/inner/deep/again"
  ok 'a tree of mounts may be bound inside itself' mount -o rbind "$M" "$M/inner/deep/again"
  is 'and it shows there what it was before' "$(names "$M/inner/deep/again/inner/deep")" again
  is 'and nothing more' "$(names "$M/inner/deep/again/inner/deep/again")" ''
  umount -l "$M"
}

# within_detached COMMAND…: in the overlay at $M, which is detached from the tree. $( ) keeps the change of directory.
within_detached() {
  cd "$M" && umount -l "$M" && "$@"
}

main "$@"
