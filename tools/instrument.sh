#!/usr/bin/env bash
# Build zmqbind in a way that shows errors which otherwise stay hidden, or with libzmq's drafts, and run tests on it: see
# docs/testing.md.
# Usage: tools/instrument.sh faults|asan|valgrind|drafts python [pytest arguments]
#
# Works on a copy of the tree in build/VARIANT, so that the developer's own build stays what it is, and so that what
# the tests start in the tree is instrumented too.
set -euo pipefail
cd "$(dirname "$0")/.."

variant=$1 python=$(realpath -s "$(command -v "$2")")
shift 2
directory=$PWD/build/$variant tree=$PWD/build/$variant/tree
if [ "$variant" = drafts ]; then
    export ZMQBIND_LIBZMQ=$PWD/build/libzmq-drafts
    ZMQBIND_LIBZMQ_DRAFTS=1 tools/bundle.sh "$python" "$ZMQBIND_LIBZMQ"
fi
export CC=gcc CFLAGS="-DZB_FAULTS -O1 -g"
case $variant in
    faults) ;;
    drafts) CFLAGS+=" -g0" ;;
    asan)
        CC="gcc -fsanitize=address,undefined" # also for linking
        CFLAGS+=" -fno-omit-frame-pointer -fno-sanitize-recover=all"
        ;;
    valgrind) tools/bootstrap.sh "$python" valgrind ;;
    *) exit 2 ;;
esac

# Files keep their dates: only what has changed is compiled anew.
mkdir -p "$tree"
find "$tree" -type f ! -name '*.so' ! -name _core.c -delete
tar -c --exclude-vcs --exclude='./.venv*' --exclude=./build --exclude=./dist --exclude='./.*_cache' \
    --exclude=__pycache__ --exclude='*.so' --exclude='*.egg-info' --exclude=_core.c . | tar -x -C "$tree"
find "$tree" -name '*.so' ! -newer tools/instrument.sh -delete
cd "$tree"
"$python" setup.py -q build_ext --inplace --build-temp "$directory/temp"
unset CC CFLAGS
export PYTHONPATH=$tree

# run COMMAND...: python with these arguments, once it is certain that it and its children take the module just built.
run() {
    "$python" -c "import zmqbind._core as core; assert core.__file__.startswith('$tree/') and core._faults_arm"
    "$@"
}

case $variant in
    faults) run "$python" -m pytest --timeout-method=thread tests/faults "$@" ;;
    drafts) run "$python" -m pytest tests/test_drafts.py tests/test_patterns.py "$@" ;;
    asan)
        # CPython itself is not instrumented, so the libraries come first by force.
        for library in libasan.so libubsan.so libstdc++.so; do
            LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$(realpath "$(gcc -print-file-name=$library)")
        done
        export LD_PRELOAD PYTHONMALLOC=malloc UBSAN_OPTIONS=print_stacktrace=1
        export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
        # AddressSanitizer's allocator does not outlive a fork while another thread is in it (valgrind has the tests of
        # fork), and keeps what is freed, so that memory grows. Benchmarks take too long in it.
        for unfit in tests/faults tests/test_fork.py tests/stress/test_fork_busy.py tests/stress/test_leaks.py \
            tests/test_benchmarks.py; do
            set -- "$@" --ignore="$unfit"
        done
        run "$python" -m pytest --timeout=300 "$@"
        # Leaks are looked for where errors are made to happen, when Python ends. Python itself leaks; what counts is
        # memory that zmqbind or libzmq allocated. A context that no thread can be had to terminate on is leaked on
        # purpose, so the tests of that are left out here and below.
        export ASAN_OPTIONS=detect_leaks=1:exitcode=0:log_path=$directory/leaks
        shopt -s nullglob
        # Print the leaks found; fails if there are any.
        leaks() {
            cat /dev/null "$directory"/leaks.* | awk -v RS= '
                /leak of/ && /\n *#1 [^\n]*(_core\.|libzmq)/ { print; print ""; found = 1 }
                END { exit found }'
        }
        rm -f "$directory"/leaks.*
        "$python" -c "import zmqbind as zmq; context = zmq.Context(); zmq._core._faults_arm(1, 0); del context"
        if leaks >/dev/null; then
            echo "LeakSanitizer does not see a leak that was made on purpose" >&2
            exit 1
        fi
        rm -f "$directory"/leaks.*
        "$python" -m pytest -n0 --timeout=300 tests/faults -k "not dropped_context and not (test_context and good)"
        leaks
        ;;
    valgrind)
        export PYTHONMALLOC=malloc
        valgrind=(valgrind --quiet --error-exitcode=99 --num-callers=25 --suppressions="$tree/tools/valgrind.supp"
            --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite)
        pytest=("$python" -m pytest -n0 --timeout=900 -o faulthandler_timeout=800)
        run "${valgrind[@]}" --trace-children=yes "${pytest[@]}" tests/test_fork.py
        run "${valgrind[@]}" "${pytest[@]}" \
            tests/test_frame.py tests/test_messages.py tests/test_multipart.py tests/test_poller.py tests/test_proxy.py \
            tests/faults -k "not faults or EHOSTUNREACH and not good and not dropped_context" "$@"
        ;;
esac
