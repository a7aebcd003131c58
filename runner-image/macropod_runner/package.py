"""The command `package`: lock the requirements of a zip and build the environment its runs use."""

from collections.abc import Sequence
from pathlib import Path

from macropod_runner import environment
from macropod_runner.bundle import fetch_bundle
from macropod_runner.ending import Ending, Reason, Stopped, stopped_ending
from macropod_runner.job import Job
from macropod_runner.program import CouldNotStart, Program
from macropod_runner.requirements import Requirements, read_requirements
from macropod_runner.transcript import Transcript
from macropod_runner.uv import Uv

_ASK_AGAIN_SECONDS = 0.5


class EndedEarly(Exception):
    """Something on the way failed or was stopped."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


def package(job: Job) -> Ending:
    """Raises `CouldNotStart` and `Interrupted`."""
    try:
        return Packaging(job).carry_out()
    except EndedEarly as early:
        return early.ending


class Packaging:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._uv = Uv(job.place, environment.base_python(), settings=_settings(job))

    def carry_out(self) -> Ending:
        path, requirements = self._requirements()
        lock = self._lock(path)
        if self._agreed_action(lock, requirements) == "build":
            self._build(lock, path, requirements)
        else:
            self._job.log.say("These very packages are installed already; their environment is shared.")
        return Ending(Reason.COMPLETED, code=0)

    def _requirements(self) -> tuple[Path, Requirements]:
        place, spec = self._job.place, self._job.spec
        with self._job.stop.interruptible():
            fetch_bundle(self._job.server, place.home, spool=place.spool, spec=spec)
        path = place.home / (spec.requirements or "requirements.txt")
        try:
            requirements = read_requirements(path.read_text(encoding="utf-8-sig", errors="replace"))
        except OSError as error:
            raise CouldNotStart(f"The requirements cannot be read: {error}.") from error
        for sentence in (*spec.notes, *requirements.warnings):
            self._job.log.say(sentence)
        path.write_text(requirements.text, encoding="utf-8")
        return path, requirements

    def _lock(self, requirements: Path) -> Path:
        lock, earlier = self._job.place.spool / "lock.txt", self._job.spec.lock
        if earlier is None:
            self._run(self._uv.lock(requirements), answer=lock)
        elif (earlier["python"], earlier["platform"]) == (environment.python_version(), environment.platform_name()):
            self._job.log.say(
                "The versions and hashes of the first installation are installed again, just as they were."
            )
            lock.write_text(earlier["text"], encoding="utf-8")
        else:
            made_for = f"Python {earlier['python']} on {earlier['platform']}"
            self._job.log.say(f"The lock was made for {made_for}, which this is not; requirements are resolved anew.")
            self._run(self._uv.lock(requirements), answer=lock)
        return lock

    def _agreed_action(self, lock: Path, requirements: Requirements) -> str:
        text = lock.read_text(encoding="utf-8")
        told: dict[str, object] = {
            "digest": environment.digest(text, self._job.place),
            "lock": text,
            "python": environment.python_version(),
            "platform": environment.platform_name(),
            "warnings": requirements.warnings,
        }
        with self._job.stop.interruptible():
            while (action := self._job.server.lock(told)) == "wait":
                reason = self._job.supervisor.pause(_ASK_AGAIN_SECONDS)
                if reason is not None:
                    raise EndedEarly(stopped_ending(Stopped(reason), self._job.spec))
        return action

    def _build(self, lock: Path, requirements_path: Path, requirements: Requirements) -> None:
        self._run(self._uv.make_environment())
        if requirements.index_options:
            options = requirements_path.with_name("index-options.txt")
            options.write_text(requirements.index_options, encoding="utf-8")
            self._run(self._uv.install(lock, options))
        else:
            self._run(self._uv.install(lock))
        environment.add_sdk(self._job.place)
        environment.make_read_only(self._job.place.environment)
        if self._job.spec.sends_environment:
            self._send()

    def _send(self) -> None:
        from macropod_runner.carried_environment import send_environment

        ending = send_environment(self._job, look_up=self._look_up)
        if ending is not None:
            raise EndedEarly(ending)

    def _look_up(self) -> None:
        """The time limit and a stop count here too."""
        reason = self._job.supervisor.pause(0)
        if reason is not None:
            raise EndedEarly(stopped_ending(Stopped(reason), self._job.spec))

    def _run(self, command: Sequence[str], *, answer: Path | None = None) -> None:
        transcript = Transcript(self._job.log.add)
        program = Program(command, self._job.place.home, self._uv.variables, answer)
        outcome = self._job.supervisor.run(program, keep=transcript.keep)
        if isinstance(outcome, Stopped):
            raise EndedEarly(stopped_ending(outcome, self._job.spec))
        if outcome.code != 0:
            message = transcript.conclusion() or f"uv ended with exit code {outcome.code}."
            raise EndedEarly(Ending(Reason.PACKAGING_FAILED, message, outcome.code))


def _settings(job: Job) -> dict[str, str]:
    """Certificates come as text where the file of the server is out of sight."""
    settings = dict(job.spec.environment_variables)
    if job.spec.certificates:
        path = job.place.spool / "certificates.pem"
        path.write_text(job.spec.certificates, encoding="utf-8")
        settings["SSL_CERT_FILE"] = str(path)
    return settings
