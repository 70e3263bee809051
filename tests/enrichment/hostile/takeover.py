"""An enricher that a hostile file has taken over: it does what it is told to. For the tests of the sandbox."""

import ctypes
import errno
import json
import mmap
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from enrichment.domain import Enricher, EnricherInput, Made, PermanentFailure, Result, TemporaryFailure

HARMLESS = {"output": {}, "flags": [], "made": [], "tool": "none", "seconds": 0.1}


@dataclass(frozen=True, kw_only=True)
class Spoils:
    """What it got."""

    got: Any


def act(given: EnricherInput) -> Result:
    """Do what the fields say."""
    return Result(output=Spoils(got=ACTS[given.fields["do"]](given)))


def spin(given: EnricherInput) -> Any:
    while True:
        pass


def spin_deaf(given: EnricherInput) -> Any:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    return spin(given)


def idle(given: EnricherInput) -> Any:
    time.sleep(600)


def take_memory(given: EnricherInput) -> Any:
    return len(bytearray(2 << 30))


def map_memory(given: EnricherInput) -> Any:
    return len(mmap.mmap(-1, 2 << 30))


def fill_memory(given: EnricherInput) -> Any:
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))


def crash(given: EnricherInput) -> Any:
    return ctypes.string_at(0)


def abort(given: EnricherInput) -> Any:
    os.abort()


def leave(given: EnricherInput) -> Any:
    os._exit(0)


def write_one_large_file(given: EnricherInput) -> Any:
    with (given.folder / "large").open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))


def write_many_files(given: EnricherInput) -> Any:
    for number in range(100_000):
        (given.folder / str(number)).write_bytes(bytes(1 << 20))


def dig(given: EnricherInput) -> Any:
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir("locked", mode=0)
    # Long enough for the worker to look into it.
    time.sleep(0.6)
    return 3000


def say_too_much(given: EnricherInput) -> Any:
    return ["x" * 9000] * 1000


def fork(given: EnricherInput) -> Any:
    child = os.fork()
    if child == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)
    return child


def fork_by_the_kernel(given: EnricherInput) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    # x86-64 and aarch64: the call behind every fork, with SIGCHLD for its only flag.
    child = libc.syscall(56 if os.uname().machine == "x86_64" else 220, int(signal.SIGCHLD), 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    return [child, ctypes.get_errno()]


def start_a_program(given: EnricherInput) -> Any:
    os.execv("/bin/true", ["/bin/true"])  # noqa: S606 -- that it can not is the test


def kill_the_server(given: EnricherInput) -> Any:
    os.kill(os.getppid(), signal.SIGKILL)


def kill_all_of_the_account(given: EnricherInput) -> Any:
    os.kill(-1, signal.SIGKILL)


def trace_the_server(given: EnricherInput) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    return [libc.ptrace(16, os.getppid(), 0, 0), ctypes.get_errno()]


def share_memory(given: EnricherInput) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    return [libc.shmget(4711, 4096, 0o1666), ctypes.get_errno()]


def search_memory(given: EnricherInput) -> Any:
    """Count a word, given backwards, in all that this process can read of itself."""
    # So written, the word that is looked for is not itself in memory.
    word, found = re.compile("".join(f"[{letter}]" for letter in reversed(given.fields["drow"])).encode()), 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            span, rights, *_ = line.split()
            begin, end = (int(bound, 16) for bound in span.split("-"))
            if rights.startswith("r") and "[v" not in line:
                memory.seek(begin)
                found += sum(1 for _ in word.finditer(memory.read(end - begin)))
    return found


def start_a_thread(given: EnricherInput) -> Any:
    import threading

    heard: list[int] = []
    thread = threading.Thread(target=heard.append, args=(7,))
    try:
        thread.start()
    except RuntimeError:
        return "refused"
    thread.join()
    return heard


def tell_environment(given: EnricherInput) -> Any:
    return dict(os.environ)


def tell_standing(given: EnricherInput) -> Any:
    with open("/proc/self/status") as file:
        status = dict(line.rstrip().partition(":\t")[::2] for line in file)
    with open("/proc/self/oom_score_adj") as file:
        first_to_go = int(file.read())
    return {"capabilities": int(status["CapEff"], 16), "nice": os.nice(0), "first_to_go": first_to_go}


def tell_imports(given: EnricherInput) -> Any:
    return sorted(name for name in sys.modules if name.split(".")[0] in {"django", "psycopg", "sqlite3", "celery"})


def tell_open_files(given: EnricherInput) -> Any:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
    return found


def connect(given: EnricherInput) -> Any:
    with socket.create_connection(("127.0.0.1", given.fields["port"]), timeout=5) as reached:
        return reached.recv(10).decode()


def connect_below_python(given: EnricherInput) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    return [libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), ctypes.get_errno()]


def connect_in_the_file_system(given: EnricherInput) -> Any:
    with socket.socket(socket.AF_UNIX) as reached:
        reached.connect(given.fields["path"])
        return reached.recv(10).decode()


def refuse(given: EnricherInput) -> Any:
    raise PermanentFailure("No \x1b[31mpicture\x00.")


def postpone(given: EnricherInput) -> Any:
    raise TemporaryFailure("Not now.")


def find_the_disk_full(given: EnricherInput) -> Any:
    raise OSError(28, "No space left on device")


def make_a_link(given: EnricherInput) -> Any:
    (given.folder / "picture.webp").symlink_to(given.fields["path"])
    return _claim(given)


def make_a_second_name(given: EnricherInput) -> Any:
    (given.folder / "first.webp").write_bytes(b"made here")
    os.link(given.folder / "first.webp", given.folder / "picture.webp")
    return _claim(given)


def read_files(given: EnricherInput) -> Any:
    """Try each path; give what was read, or the name of the refusal."""
    return {
        path: _tried(lambda path=path: open(path, "rb").read(100).decode("latin-1")) for path in given.fields["paths"]
    }


def list_folders(given: EnricherInput) -> Any:
    return {path: _tried(lambda path=path: os.listdir(path)) for path in given.fields["paths"]}


def change_files(given: EnricherInput) -> Any:
    """Try, on one path, all that would change it or what is in its folder."""
    path = given.fields["path"]
    return {
        "write": _tried(lambda: open(path, "r+b").write(b"x")),
        "append": _tried(lambda: open(path, "ab").write(b"x")),
        "truncate": _tried(lambda: os.truncate(path, 0)),
        "truncate at open": _tried(lambda: os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))),
        "mode": _tried(lambda: os.chmod(path, 0)),
        "owner": _tried(lambda: os.chown(path, 1, 1)),
        "times": _tried(lambda: os.utime(path, (0, 0))),
        "rename": _tried(lambda: os.rename(path, f"{path}.moved")),
        "take away": _tried(lambda: os.rename(path, given.folder / "mine")),
        "second name": _tried(lambda: os.link(path, given.folder / "mine")),
        "remove": _tried(lambda: os.unlink(path)),
        "make": _tried(lambda: open(f"{path}.new", "wb").close()),
        "make a folder": _tried(lambda: os.mkdir(f"{path}.folder")),
    }


def work_in_its_own_folder(given: EnricherInput) -> Any:
    """Do there all that the libraries of enrichers do with temporary files."""
    (given.folder / "a").mkdir()
    (given.folder / "a" / "one").write_bytes(b"made here")
    os.rename(given.folder / "a" / "one", given.folder / "two")
    with (given.folder / "two").open("r+b") as file:
        file.truncate(4)
    with tempfile.TemporaryFile() as file:
        file.write((given.folder / "two").read_bytes())
    (given.folder / "a").rmdir()
    with open(os.devnull, "wb") as nowhere:
        nowhere.write(b"x")
    return os.listdir(given.folder)


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except OSError as error:
        return errno.errorcode[error.errno]


def make_too_much(given: EnricherInput) -> Any:
    with (given.folder / "picture.webp").open("wb") as file:
        file.truncate(40 << 20)
    return _claim(given)


def _claim(given: EnricherInput) -> Any:
    made = [{"name": "preview", "path": "picture.webp", "media_type": "image/webp"}]
    return _answer(given, json.dumps({**HARMLESS, "made": made}).encode())


def answer_itself(given: EnricherInput) -> Any:
    return _answer(given, given.fields["answer"].encode())


def answer_deeply(given: EnricherInput) -> Any:
    return _answer(given, b'{"output":' + b"[" * 500_000)


def answer_never(given: EnricherInput) -> Any:
    os.mkfifo(given.folder / "answer.json")
    os._exit(0)


def answer_with_a_folder(given: EnricherInput) -> Any:
    (given.folder / "answer.json").mkdir()
    os._exit(0)


def _answer(given: EnricherInput, answer: bytes) -> Any:
    (given.folder / "answer.json").write_bytes(answer)
    os._exit(0)


def make_files(given: EnricherInput) -> Result:
    """Keep the rules: make one file and name it."""
    path = given.folder / "note.txt"
    path.write_text("made here")
    return Result(output=Spoils(got=1), made=(Made(name="note", path=path, media_type="text/plain"),))


ACTS = {name: act for name, act in globals().items() if callable(act) and name.islower() and not name.startswith("_")}
ENRICHER = Enricher(
    name="takeover",
    version=1,
    accepts=frozenset({"statement"}),
    reads=frozenset({"text"}),
    run=lambda given: make_files(given) if given.fields["do"] == "make_files" else act(given),
    tool=lambda: "none",
)
