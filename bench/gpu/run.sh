#!/usr/bin/env bash
# Runs the benchmark with nothing but what lies in this folder: Deno, the script, and libraries that
# Vulkan may lack. The network is not used. `./run.sh --help` lists the options.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"

# Deno is unpacked beside its archive, or, where nothing can be written, into a folder for this run.
work="$here/.work"
if ! mkdir -p "$work" 2>/dev/null; then
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
fi
if [ ! -x "$work/deno" ]; then
  if command -v xz >/dev/null; then
    xz -dc "$here/deno.xz" >"$work/deno.part"
  else
    python3 -c 'import lzma, shutil, sys
with lzma.open(sys.argv[1]) as packed: shutil.copyfileobj(packed, sys.stdout.buffer, 1 << 20)' \
      "$here/deno.xz" >"$work/deno.part"
  fi
  chmod +x "$work/deno.part"
  mv "$work/deno.part" "$work/deno"
fi

# Vulkan's loader, and what NVIDIA's driver loads: only those that this machine does not have.
mkdir -p "$work/libraries"
known="$(ldconfig -p 2>/dev/null || true)"
for library in "$here"/libraries/*; do
  name="$(basename "$library")"
  case "$known" in
    *"$name "*) ;;
    *) ln -sf "$library" "$work/libraries/$name" ;;
  esac
done
export LD_LIBRARY_PATH="$work/libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}" ] && [ -e "$nvidia" ] &&
  ! ls /etc/vulkan/icd.d/nvidia* /usr/share/vulkan/icd.d/nvidia* >/dev/null 2>&1; then
  export VK_DRIVER_FILES="$nvidia"
fi

export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$work}" HOME="${HOME:-$work}"
export DENO_DIR="$work/cache" DENO_NO_UPDATE_CHECK=1
"$work/deno" run -A --quiet --cached-only --no-config "$here/folio_bench.js" "$@"
