"""Credentials that expire while a pipeline runs are renewed before that, from each kind of source."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from credential_sources import SOURCES, STATIC, container, key_of, put, stage
from lying_server import error

PIPELINE = (
    "for i in $(seq {count}); do printf 'k%s\\tv\\n' $i; sleep 0.3; done "
    "| s3-put-lines --verbose --addressing path s3://bucket"
)
PER_SECOND = 10 / 3


def test_credentials_are_renewed_while_a_pipeline_runs(tmp_path, request):
    """Credentials are valid for four seconds, or a minute in a long run; S3 refuses expired ones."""
    seconds = request.config.getoption("--renewal-seconds")
    is_long = seconds >= 120
    life = 60 if is_long else 4
    count = int(seconds * PER_SECOND)

    def run(source):
        born, refused = {}, []

        def prepare(world):
            world.life = life
            plain_new, plain_s3 = world.new, world.s3

            def new():
                triple = plain_new()
                born[triple[0]] = time.time()
                return triple

            def s3(request):
                if time.time() <= born.get(key_of(request), 0) + life:
                    return plain_s3(request)
                refused.append(request)
                return 403, {}, error("ExpiredToken")

            world.new, world.s3 = new, s3

        with stage(source, tmp_path / source.__name__, prepare, 2 * seconds + 60) as each:
            finished = each.shell.run(PIPELINE.format(count=count))
            return source.__name__, finished, len(set(each.world.puts(each.server))), len(refused)

    with ThreadPoolExecutor(len(SOURCES)) as pool:
        for name, finished, sets, refused in pool.map(run, SOURCES):
            assert finished.status == 0 and len(finished.lines) == count, (name, finished.message[-2000:])
            # Because times are rounded to seconds, the service may expire credentials slightly before the tool does.
            assert sets >= (seconds // life if is_long else 2) and (not is_long or not refused), (name, sets, refused)
            if is_long:
                print(f"{name}: {count} records, {sets} sets of credentials, {refused} requests refused")


def test_expired_credentials_are_replaced_once(tmp_path):
    with stage(container, tmp_path) as each:
        each.world.refuses = {"AK1"}
        put(each.shell).expect()
        assert each.world.given == 2 and each.world.puts(each.server)[-1] == "AK2"
        each.world.refuses = {f"AK{number}" for number in range(20)}
        put(each.shell).expect(77)
        assert each.world.given <= 5


def test_keys_that_another_program_replaces_are_read_again(tmp_path):
    def keys(shell, server):
        (shell.directory / ".aws/credentials").write_text("[default]\n" + STATIC)
        return shell

    with stage(keys, tmp_path) as each:
        plain = each.world.s3
        each.world.sets["AKNEW"] = ("hush/new", None)

        def s3(request):
            if key_of(request) == "AKNEW":
                return plain(request)
            text = "[default]\naws_access_key_id = AKNEW\naws_secret_access_key = hush/new\n"
            (tmp_path / ".aws/credentials").write_text(text)
            return 403, {}, error("ExpiredToken")

        each.world.s3 = s3
        put(each.shell).expect()
        assert each.world.puts(each.server) == ["AKSOURCE", "AKNEW"]


def test_no_request_waits_for_a_slow_or_failing_renewal(tmp_path):
    """The second credentials arrive after three more objects were stored with the first, and are refused; then the
    third are requested."""
    puts = threading.Semaphore(0)

    def prepare(world):
        world.life = 6
        plain = world.s3

        def s3(request):
            puts.release()
            return plain(request)

        def answer(request):
            # The container's agent replaces the token: it is read each time.
            (tmp_path / "token").write_text(f"bearer quiet {len(world.asked)}")
            if len(world.asked) != 2:
                return 200, {}, world.answer(request).encode()
            while puts.acquire(blocking=False):
                pass
            put_meanwhile = [puts.acquire(timeout=5) for _ in range(3)]
            return (403 if all(put_meanwhile) else 200), {}, b""

        world.s3, world.broken = s3, answer

    with stage(container, tmp_path, prepare) as each:
        finished = each.shell.run(PIPELINE.format(count=30)).expect()
        assert "no new credentials: " in finished.message and "the response is 403" in finished.message
        assert len(set(each.world.puts(each.server))) >= 2
        tokens = [request.headers["authorization"] for request in each.world.asked]
        assert tokens[:3] == ["bearer quiet", "bearer quiet 1", "bearer quiet 2"]
