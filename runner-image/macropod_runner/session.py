"""One run from the first call to the server to the last."""

import sys

from macropod_runner.beat import Beat
from macropod_runner.echo import Echo
from macropod_runner.ending import Ending, Reason, stop_sentence
from macropod_runner.job import Job
from macropod_runner.log import Log
from macropod_runner.masking import Masks
from macropod_runner.outbox import Outbox
from macropod_runner.patience import GaveUp, Patience
from macropod_runner.place import Place
from macropod_runner.program import CouldNotStart
from macropod_runner.reaper import Reaper
from macropod_runner.run import run_task
from macropod_runner.sender import Sender
from macropod_runner.server import RunIsOver, Server
from macropod_runner.spec import Spec
from macropod_runner.spool import Spool
from macropod_runner.stop import Interrupted, StopOrder
from macropod_runner.supervisor import Supervisor

_DELIVERY_SECONDS = 24 * 3600.0


class Session:
    def __init__(self, place: Place, stop: StopOrder) -> None:
        self._place = place
        self._stop = stop
        self._patience = Patience()
        self._server = self._own_server()
        self._reaper = Reaper()

    def attend(self) -> None:
        """Return when the server knows how the run ended. Raises `RunIsOver` and `GaveUp`."""
        try:
            self._make_folders()
            with self._stop.interruptible():
                spec = self._server.spec()
        except (CouldNotStart, Interrupted) as error:
            self._report(_ending_without_a_program(error), lines=0)
            return
        masks = Masks(spec.masked, spec.secrets_given)
        beat = Beat(self._place.url, self._place.token, stop=self._stop, masks=masks)
        beat.start()
        try:
            self._carry_out(spec, masks)
        finally:
            beat.close()

    def _make_folders(self) -> None:
        try:
            for folder in (self._place.home, self._place.spool, self._place.temporary):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CouldNotStart(f"The folders of this run cannot be made: {error}.") from error

    def _carry_out(self, spec: Spec, masks: Masks) -> None:
        spool = Spool(self._place.spool, max_bytes=spec.spool_max_bytes)
        outbox, echo = Outbox(spool, first=spec.next_line), Echo(1)
        sender = Sender(self._own_server(), outbox, stop=self._stop, patience=self._patience)
        sender.start()
        echo.start()
        try:
            ending = self._work(spec, Log(outbox, echo), masks)
        finally:
            self._patience.limit(_DELIVERY_SECONDS)
            outbox.close()
            echo.close()
        sender.join()
        if self._stop.reason is Reason.RUN_IS_OVER:
            raise RunIsOver("The server has closed this run.")
        self._report(ending, lines=outbox.delivered)

    def _work(self, spec: Spec, log: Log, masks: Masks) -> Ending:
        supervisor = Supervisor(spec, stop=self._stop, reaper=self._reaper, masks=masks)
        job = Job(self._place, spec, self._server, supervisor, self._stop, log)
        try:
            return self._command(job)
        except (CouldNotStart, Interrupted) as error:
            return _ending_without_a_program(error)
        except (RunIsOver, GaveUp):
            raise
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return Ending(Reason.COULD_NOT_START, f"The runner failed: {type(error).__name__}: {error}.")

    def _command(self, job: Job) -> Ending:
        if self._place.command == "run":
            return run_task(job)
        from macropod_runner.package import package

        return package(job)

    def _report(self, ending: Ending, *, lines: int) -> None:
        self._server.end(
            {
                "reason": ending.reason,
                "message": ending.message,
                "exit_code": ending.exit_code,
                "signal": ending.signal,
                "error": ending.error._asdict() if ending.error else None,
                "peak_memory_bytes": self._reaper.peak_memory_bytes,
                "cpu_seconds": self._reaper.cpu_seconds,
                "lines": lines,
            }
        )

    def _own_server(self) -> Server:
        return Server(self._place.url, self._place.token, patience=self._patience)


def _ending_without_a_program(error: CouldNotStart | Interrupted) -> Ending:
    if isinstance(error, Interrupted):
        return Ending(error.reason, stop_sentence(error.reason))
    return Ending(Reason.COULD_NOT_START, str(error))
