#!/usr/bin/env bash
# Turn a stock Raspberry Pi OS Lite (64 bit, Bookworm or Trixie) into a recorder.
#
#   scripts/install-pi.sh                    say what would be done; change nothing
#   scripts/install-pi.sh --apply            do it (as root); whatever is already so stays untouched
#
#   --store DEV          the partition of the records, /dev/mmcblk0p3 for example: made ext4 and named "recorder" where
#                        it is blank; one that holds anything else is refused
#   --network CIDR       the bureau's network: the dock and enrolment reach nothing else (may be given more than once)
#   --ntp HOST           the bureau's clock; without it the recorder has the one of its RTC and of the dock
#   --wheelhouse DIR     take Python packages from this folder instead of the network
#   --sensor NAME        the camera's overlay: imx708 (default), imx219 …
#   --keep-ssh           leave ssh, sudo, consoles and the login users as they are: for the bench, never for the field
#   --rehearsal          on any Debian, without Raspberry Pi's own packages (python3-picamera2, python3-lgpio): what it
#                        leaves is no recorder
#
# Run it from a clone on the Pi. Python packages come from requirements-recorder.lock alone, each checked against its
# hash; the drivers (picamera2 with libcamera, numpy, simplejpeg, PyAudio, lgpio) come from apt, together, because each
# is built against the others. It asks nothing. It ends with what the field still has to do.
#
# Exits 0 when all is done (or, without --apply, when it could be), 1 with the next step where it cannot go on.
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rootfs=$tree/overlays/rootfs
opt=/opt/recorder
release=$opt/releases/000000-$(sed -n 's/^version = "\(.*\)"/\1/p' "$tree/pyproject.toml" | head -1)
home=/var/lib/recorder
boot=/boot/firmware
label=recorder
umask 022
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
PATH=$PATH:/usr/sbin:/sbin

apply='' store='' ntp='' wheelhouse='' sensor=imx708 keep_ssh='' rehearsal='' networks=()
changes=0 open_steps=()

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\ninstall: next: %s\n' "$1" "$2" >&2; exit 1; }
need() { [[ -n ${2:-} ]] || die "$1 needs a value" "see the top of $0"; }

while (($#)); do
  case $1 in
    --apply) apply=yes ;;
    --keep-ssh) keep_ssh=yes ;;
    --rehearsal) rehearsal=yes ;;
    --store) need "$@"; store=$2; shift ;;
    --network) need "$@"; networks+=("$2"); shift ;;
    --ntp) need "$@"; ntp=$2; shift ;;
    --wheelhouse) need "$@"; wheelhouse=$(realpath "$2"); shift ;;
    --sensor) need "$@"; sensor=$2; shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) die "unknown argument $1" "see the top of $0" ;;
  esac
  shift
done

# What is about to change: said always, done only with --apply.
change() {
  local what=$1
  shift
  changes=$((changes + 1))
  if [[ -z $apply ]]; then
    say "would $what"
  else
    say "$what"
    "$@"
  fi
}

# A file as it ships, where it is not so yet.
put() {
  local source=$1 target=$2
  [[ -f $target && $(stat -c '%U %a' "$target") == "root 644" ]] && cmp -s "$source" "$target" ||
    change "write $target" install -D -o root -g root -m 644 "$source" "$target"
}

# The same for text; a text without a word takes the file away.
put_text() {
  local target=$1 text=$2 file
  if [[ -z $text ]]; then
    [[ ! -e $target ]] || change "take $target away" rm "$target"
    return
  fi
  file=$(mktemp --tmpdir="$work")
  printf '%s\n' "$text" >"$file"
  put "$file" "$target"
}

# --- 1. may this machine become a recorder? -----------------------------------------------------------------

check_machine() {
  local codename model free
  [[ -z $apply || $(id -u) -eq 0 ]] || die "--apply needs root" "sudo $0 --apply"
  command -v apt-get >/dev/null || die "no apt-get: this is no Raspberry Pi OS" "write Raspberry Pi OS Lite (64-bit) to a card"
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [[ $codename == bookworm || $codename == trixie ]] ||
    die "this is ${codename:-no Debian}, but Bookworm or Trixie is needed" "write Raspberry Pi OS Lite (64-bit) to a card"
  if [[ -z $rehearsal ]]; then
    [[ $(dpkg --print-architecture) == arm64 ]] ||
      die "this system is $(dpkg --print-architecture), but 64 bit ARM is needed" "write the 64-bit image of Raspberry Pi OS Lite to a card"
    model=$(tr -d '\0' 2>/dev/null </proc/device-tree/model || true)
    [[ $model == "Raspberry Pi"* ]] ||
      die "this is ${model:-a machine without a device tree}, no Raspberry Pi" "run it on the Pi; elsewhere only --rehearsal works"
    mountpoint -q "$boot" || die "$boot is not mounted" "mount the card's first partition there"
  fi
  free=$(df --output=avail -k / | tail -1)
  [[ -e $release/installed ]] || ((free > 1500000)) ||
    die "$((free / 1024)) MB are free on /, but 1,500 are needed" "use a larger card, or let raspi-config expand the root partition"
  say "$codename, $(dpkg --print-architecture), ${model:-no Pi: a rehearsal}"
}

# --- 2. programs and drivers from apt -------------------------------------------------------------------------

is_installed() { dpkg-query --show --showformat '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

install_packages() {
  local wanted=(python3 python3-venv python3-numpy python3-pyaudio libportaudio2 device-tree-compiler acl chrony nftables
    e2fsprogs util-linux-extra) missing=() name
  [[ -n $rehearsal ]] || wanted+=(python3-picamera2 python3-lgpio)
  for name in "${wanted[@]}"; do is_installed "$name" || missing+=("$name"); done
  ((${#missing[@]} == 0)) || change "install ${missing[*]}" apt_install "${missing[@]}"
  [[ -z $apply ]] || python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
    die "$(python3 -V) is here, but 3.11 to 3.13 is needed" "use Raspberry Pi OS Bookworm or Trixie"
}

apt_install() {
  apt-get -q -y update >"$work/apt.log" 2>&1 || say "the package lists could not be refreshed; trying with the old ones"
  # chrony and nftables must not begin to work with Debian's own settings.
  apt-get -q -y -o Dpkg::Options::=--force-confold install --no-install-recommends "$@" >>"$work/apt.log" 2>&1 </dev/null || {
    tail -5 "$work/apt.log" >&2
    die "apt-get could not install: $*" "check the network, then run this again"
  }
}

# --- 3. the recorder's own software -----------------------------------------------------------------------------

wanted_software() {
  { python3 -VV 2>/dev/null || true
    (cd "$tree" && cat requirements-recorder.lock requirements-build.lock pyproject.toml &&
      find agent bureau evidence hw provisioning -type f ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -c1-64
}

# As updates have it: a folder for each release, a link to the one that runs. Number 0 is what was put here by hand.
install_software() {
  local wanted
  wanted=$(wanted_software)
  [[ -x $release/bin/recorder && $(cat "$release/installed" 2>/dev/null) == "$wanted" ]] ||
    change "install the recorder's software into $release, $(grep -c '==' "$tree/requirements-recorder.lock") packages by hash" make_venv "$wanted"
  if [[ ! -L $opt/current || $(readlink $opt/current) == releases/000000-* ]]; then
    point "$opt/current" "releases/$(basename "$release")"
  else
    say "an update runs: $(readlink $opt/current) stays current"
  fi
  point $opt/bin/recorder ../current/bin/recorder
}

point() {
  [[ $(readlink "$1" 2>/dev/null) == "$2" ]] || change "point $1 at $2" make_link "$2" "$1"
}

make_link() {
  mkdir -p "$(dirname "$2")"
  ln -sfn "$1" "$2.new"
  mv -T "$2.new" "$2"
}

pip_install() {
  local from=()
  [[ -z $wheelhouse ]] || from=(--no-index --find-links "$wheelhouse")
  "$release/bin/python" -m pip install --quiet --no-cache-dir --no-deps --only-binary :all: "${from[@]}" "$@" ||
    die "pip could not install $*" "check the network, or give --wheelhouse a folder with every wheel of the lock"
}

make_venv() {
  rm -f "$release/installed"
  mkdir -p "$opt/releases"
  python3 -m venv --system-site-packages "$release"
  pip_install --require-hashes -r "$tree/requirements-recorder.lock"
  # The project's wheel is built from a copy: a clone may be read-only, and nothing is left in it.
  pip_install --require-hashes --target "$work/build" -r "$tree/requirements-build.lock"
  mkdir "$work/source"
  (cd "$tree" && cp -r agent bureau evidence hw provisioning pyproject.toml README.md LICENSE CHANGELOG.md "$work/source")
  find "$work/source" -name __pycache__ -prune -exec rm -r {} +
  (cd "$work/source" && PYTHONPATH=$work/build "$release/bin/python" -m hatchling build -t wheel -d "$work/wheel" >/dev/null)
  pip_install --force-reinstall "$work"/wheel/*.whl
  "$release/bin/recorder" --help >/dev/null || die "the recorder does not start" "read the message above"
  echo "$1" >"$release/installed"
}

# --- 4. what Debian is told: users, units, rights -----------------------------------------------------------------

lay_overlay() {
  local path
  while IFS= read -r path; do put "$rootfs/$path" "/$path"; done < <(cd "$rootfs" && find etc -type f | sort)
  put_text /etc/systemd/system/recorder-dock.service.d/10-network.conf "$(network_text)"
  put_text /etc/systemd/system/recorder-enrol.service.d/10-network.conf "$(network_text)"
  # The packet filter lets nothing in: on the bench, ssh.
  put_text /etc/systemd/system/nftables.service.d/10-bench.conf "${keep_ssh:+$bench_text}"
  put_text /etc/chrony/sources.d/bureau.sources "${ntp:+server $ntp iburst}"
  ! grep -qsE '^(pool|server) ' /etc/chrony/chrony.conf ||
    change "leave the time to the bureau alone: no other server in /etc/chrony/chrony.conf" sed -i -E 's/^(pool|server) /# \0/' /etc/chrony/chrony.conf
  for path in vault recorder dock; do
    getent passwd "$path" >/dev/null || { change "make the users vault, recorder and dock" systemd-sysusers /etc/sysusers.d/recorder.conf; break; }
  done
  [[ -d $home/announce && -d $home/store ]] && is_right ||
    change "give every folder of $home its owner" systemd-tmpfiles --create /etc/tmpfiles.d/recorder.conf
}

bench_text=$'[Service]\nExecStartPost=/usr/sbin/nft add rule inet recorder input tcp dport 22 accept'

network_text() {
  ((${#networks[@]})) || return 0
  printf '[Service]\nIPAddressAllow=\nIPAddressAllow=localhost link-local %s' "${networks[*]}"
}

is_right() { [[ $(stat -c '%U:%G %a' $home/store $home/announce | tr '\n' ' ') == "vault:dock 2750 vault:recorder 2750 " ]]; }

# --- 5. what the firmware is told -----------------------------------------------------------------------------------

compile_overlays() {
  local source name
  for source in "$tree"/overlays/*.dts; do
    name=$(basename "$source" .dts)
    if ! command -v dtc >/dev/null; then
      change "compile $name.dts into $boot/overlays" false
      continue
    fi
    dtc -@ -I dts -O dtb -o "$work/$name.dtbo" "$source" || die "$source does not compile" "read dtc's words above"
    cmp -s "$work/$name.dtbo" "$boot/overlays/$name.dtbo" ||
      change "write $boot/overlays/$name.dtbo" install -D -m 755 "$work/$name.dtbo" "$boot/overlays/$name.dtbo"
  done
}

config_lines() {
  printf '%s\n' '# recorder: begin (scripts/install-pi.sh)' '[all]' 'camera_auto_detect=0' 'dtparam=audio=off' \
    'dtparam=watchdog=on' 'dtparam=spi=off' 'enable_uart=0' 'dtoverlay=recorder' 'dtoverlay=recorder-camera' \
    "dtoverlay=$sensor" '# recorder: end'
}

tell_firmware() {
  local config=$boot/config.txt cmdline=$boot/cmdline.txt
  compile_overlays
  touch "$work/config"
  [[ ! -f $config ]] || sed '/^# recorder: begin/,/^# recorder: end/d' "$config" >"$work/config"
  config_lines >>"$work/config"
  cmp -s "$work/config" "$config" || change "tell the firmware in $config" cp "$work/config" "$config"
  # A console on the serial port is a way in, and its lines are not the recorder's to give.
  [[ -n $keep_ssh ]] || ! grep -qs 'console=\(serial0\|ttyAMA0\|ttyS0\)' "$cmdline" ||
    change "take the serial console out of $cmdline" sed -i -E 's/console=(serial0|ttyAMA0|ttyS0)(,[0-9]+)? ?//g' "$cmdline"
}

# --- 6. where the records lie ---------------------------------------------------------------------------------------

prepare_store() {
  local kind device=$store
  # A rehearsal is a guest on its machine: a store that it is not given by name is somebody else's.
  [[ -n $device || -n $rehearsal ]] || device=$(blkid -L "$label" 2>/dev/null || true)
  if [[ -z $device ]]; then
    open_steps+=("还没有记录分区：在电脑上给存储卡建第三个分区，再运行 $0 --apply --store /dev/mmcblk0p3")
    say "no partition is named $label, and --store names none: records would lie on the system's own partition"
    return
  fi
  [[ -b $device ]] || die "$device is no partition" "lsblk lists them"
  kind=$(blkid -o value -s TYPE "$device" || true)
  case $kind in
    '') change "make $device the store: ext4, named $label" mkfs.ext4 -q -L "$label" -E lazy_itable_init=0,lazy_journal_init=0 "$device" ;;
    ext4) [[ $(blkid -o value -s LABEL "$device") == "$label" ]] ||
      die "$device holds an ext4 that is not named $label" "if nothing on it is needed: wipefs -a $device, then run this again" ;;
    *) die "$device holds $kind" "if nothing on it is needed: wipefs -a $device, then run this again" ;;
  esac
  reserve_blocks "$device"
  want_mount "LABEL=$label $home ext4 nodev,nosuid,noexec,noatime,errors=remount-ro 0 2" "$home"
}

# A full card still takes the end of a session: the last blocks are the vault's.
reserve_blocks() {
  local device=$1 owner blocks reserved
  owner=$(getent passwd vault | cut -d: -f3 || true)
  read -r blocks reserved uid < <(dumpe2fs -h "$device" 2>/dev/null | awk -F: '
    /^Block count/ {b = $2 + 0} /^Reserved block count/ {r = $2 + 0} /^Reserved blocks uid/ {u = $2 + 0} END {print b + 0, r + 0, u + 0}')
  ((blocks > 0 && reserved * 100 >= blocks * 4 && uid == ${owner:--1})) ||
    change "keep 5 % of $device for the vault" tune2fs -m 5 -u vault "$device"
}

want_mount() {
  local line=$1 where=$2
  grep -qxF "$line" /etc/fstab 2>/dev/null && return
  { awk -v where="$where" '$2 != where' /etc/fstab 2>/dev/null || true; echo "$line"; } >"$work/fstab"
  change "mount $where as the store" cp "$work/fstab" /etc/fstab
}

# --- 7. nothing on the card but records -----------------------------------------------------------------------------

has_unit() { [[ -n $(compgen -G "/lib/systemd/system/$1" || compgen -G "/usr/lib/systemd/system/$1" || compgen -G "/etc/init.d/${1%.service}" || true) ]]; }
is_masked() { [[ $(readlink "/etc/systemd/system/$1" 2>/dev/null) == /dev/null ]]; }

mask() {
  local unit
  for unit in "$@"; do
    ! has_unit "$unit" || is_masked "$unit" || change "mask $unit" systemctl -q mask "$unit"
  done
}

keep_memory_off_the_card() {
  mask dphys-swapfile.service
  [[ ! -e /var/swap ]] || change "take the swap file away" sh -c 'swapoff /var/swap 2>/dev/null; rm /var/swap'
  ! grep -qsE '^[^#]+\sswap\s' /etc/fstab || change "mount no swap" sed -i -E 's/^[^#]+\sswap\s/# \0/' /etc/fstab
  # Trixie's swap: compressed memory, and no file behind it.
  [[ ! -d /etc/rpi && ! -d /usr/lib/rpi ]] || put_text /etc/rpi/swap.conf.d/90-recorder.conf $'[Main]\nMechanism=zram'
  [[ ! -d /var/log/journal ]] || change "take the logs on the card away" rm -r /var/log/journal
}

# --- 8. no way in ---------------------------------------------------------------------------------------------------

close_doors() {
  local user program entry
  # Nothing of this is needed; each listens, mounts or changes something.
  mask avahi-daemon.service avahi-daemon.socket bluetooth.service hciuart.service triggerhappy.service udisks2.service \
    ModemManager.service apt-daily.timer apt-daily-upgrade.timer man-db.timer rpi-eeprom-update.service \
    systemd-timesyncd.service fake-hwclock.service debug-shell.service
  if [[ -n $keep_ssh ]]; then
    open_steps+=("本机仍可远程登录（--keep-ssh）：只限试验台。交付前不带此项再运行一次")
    return
  fi
  mask ssh.service ssh.socket sshswitch.service userconfig.service cloud-init.service getty@.service autovt@.service \
    serial-getty@.service console-getty.service container-getty@.service rescue.service emergency.service
  for entry in ssh ssh.txt userconf userconf.txt; do
    [[ ! -e $boot/$entry ]] || change "take $boot/$entry away: it opens a door at the next start" rm "$boot/$entry"
  done
  for program in /usr/bin/sudo /usr/bin/su /usr/bin/pkexec; do
    [[ ! -u $program ]] || change "$program: root alone" shut_program "$program"
  done
  for entry in /etc/sudoers.d/010_*; do
    [[ ! -e $entry ]] || change "take $entry away" rm "$entry"
  done
  while IFS=: read -r user _ uid _ _ _ shell; do
    ((uid == 0 || uid >= 1000)) && [[ $user != nobody ]] || continue
    [[ $shell == */nologin ]] || change "$user has no shell" usermod --shell /usr/sbin/nologin "$user"
    [[ $(id -u) -ne 0 || $(getent shadow "$user" | cut -d: -f2) == [!*]* ]] || continue
    [[ $(id -u) -ne 0 || $(getent shadow "$user" | cut -d: -f2) == '!'* ]] || change "$user has no password" usermod --lock "$user"
  done </etc/passwd
}

# Kept by dpkg: an update of the package does not open it again.
shut_program() {
  ! dpkg-statoverride --list "$1" >/dev/null || dpkg-statoverride --remove "$1"
  dpkg-statoverride --update --add root root 0700 "$1"
}

# --- 9. what starts ----------------------------------------------------------------------------------------------------

enable() {
  local unit
  for unit in "$@"; do
    [[ $(systemctl is-enabled "$unit" 2>/dev/null) == enabled ]] || change "enable $unit" systemctl -q enable "$unit"
  done
}

start_at_boot() {
  local unit
  enable nftables.service chrony.service recorder.target
  # Updates watch and roll back by units of their own.
  for unit in recorder-update.path recorder-rollback.service; do
    [[ ! -e $rootfs/etc/systemd/system/$unit ]] || enable "$unit"
  done
  [[ $(readlink /etc/systemd/system/default.target) == */multi-user.target ]] ||
    change "start without a desktop" systemctl -q set-default multi-user.target
  # The seed holds a secret for one use: of the boot partition root alone sees anything.
  ! grep -sE "^[^#]\S*\s+$boot\s" /etc/fstab | grep -qv 'umask=0077' ||
    change "let root alone read $boot" sed -i -E "s#^([^\#]\S*\s+$boot\s+\S+\s+)(\S+)#\1\2,umask=0077#" /etc/fstab
}

say_read_only_root() {
  if grep -qE '^\S+ / overlay ' /proc/self/mounts; then return; fi
  open_steps+=("配发完成后把系统分区设为只读：raspi-config nonint enable_overlayfs && raspi-config nonint enable_bootro，然后重启")
}

close_with_chinese() {
  local step
  if ((changes == 0)); then
    say "nothing to change: everything is as it should be"
  elif [[ -z $apply ]]; then
    say "$changes changes would be made; --apply makes them"
  else
    say "$changes changes made"
  fi
  if [[ -z $apply ]]; then
    ((changes == 0)) && echo "检查完毕：本机已是执法记录仪，无需改动。" || echo "检查完毕：以上 $changes 项尚未执行。加 --apply 执行。"
  else
    ((changes == 0)) && echo "安装完毕：没有需要改动的。" || echo "安装完毕：已完成 $changes 项。请重启。"
  fi
  open_steps+=("把种子（provision seed）放进存储卡启动分区的 seed 文件夹，开机后核对六位数字" "运行 recorder doctor --device $home，逐项确认")
  echo "还须："
  for step in "${open_steps[@]}"; do echo "  · $step"; done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check_machine
install_packages
install_software
lay_overlay
tell_firmware
prepare_store
keep_memory_off_the_card
close_doors
start_at_boot
say_read_only_root
close_with_chinese
