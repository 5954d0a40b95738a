"""An opinion study as one object: made from a run, opened, served, watched and exported by one call each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import StudyError
from srbench.images import write_atomically
from srbench.mos.design import choice, invitations, registration, stimuli, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.site import address as place
from srbench.mos.store import formats
from srbench.mos.store.archive import archive
from srbench.mos.store.definitions import StudyRecord, check_name
from srbench.mos.store.rows import RaterStatus, StudyStatus

if TYPE_CHECKING:
    import pandas as pd

    from srbench.mos.site.server import Site
    from srbench.mos.store.stores import Store

_BY_ENDING = {".parquet": "parquet", ".json": "sureal", ".zip": "archive"}


class Study:
    """A study in its folder `folder/name`: study.toml, the pictures, and the database unless it lies elsewhere.

    Making the object opens nothing: the study may be open already, or not be there yet.

    Args:
        name: Name of the study.
        folder: Folder of all studies.
        db: Address of the database; default: the file ratings.db in the study's folder.

    Raises:
        StudyError: The name cannot name a study.
    """

    def __init__(self, name: str, folder: str | Path = "studies", db: str | None = None) -> None:
        self.name = check_name(name)
        self.path = Path(folder) / name
        self.db = db

    def __repr__(self) -> str:
        return f"Study({self.name!r}, folder={self.path.parent.as_posix()!r})"

    @classmethod
    def create(
        cls,
        name: str,
        run: str | Path,
        *,
        design: str | Path | StudyDesign = "paper",
        folder: str | Path = "studies",
        db: str | None = None,
        seed: int | None = None,
        retest: str = "",
        calibration: str = "",
        calibration_count: int | None = None,
        data_root: Path | None = None,
    ) -> Study:
        """Make a study from a run: copy its pictures under unguessable names and write study.toml.

        Args:
            name: Name of the study.
            run: Folder of a finished run.
            design: `paper`; `run` for all that the run has; a template's name; a study.toml; or a design.
            folder: Folder of all studies.
            db: Address of the database.
            seed: Decides every order; drawn where it is None.
            retest: Method whose pictures are shown twice, or empty.
            calibration: Data set or folder with the calibration's pictures, where it is not the design's.
            calibration_count: How many of them are shown, where it is not the design's; 0 for no calibration.
            data_root: Where data sets lie.

        Raises:
            StudyError: The design cannot be followed with this run, or the study exists.
            RunError: `run` is not a finished run.
        """
        study = cls(name, folder, db)
        planned = choice.choose(
            design,
            name,
            run=Path(run),
            seed=seed,
            retest=retest,
            calibration=calibration,
            calibration_count=calibration_count,
        )
        stimuli.make(planned, Path(run), Path(folder), data_root)
        return study

    @classmethod
    def from_ratings(
        cls,
        name: str,
        file: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        folder: str | Path = "studies",
        db: str | None = None,
    ) -> Study:
        """Store somebody else's ratings, whole ones from 1 to 5, as a closed study of their own.

        Ratings that a simulation drew stay marked as such. Ratings on other scales need no store: `srbench.ratings`
        makes a table of them that reports and statistics take.

        Raises:
            StudyError: The file cannot be read (see `srbench.ratings.understand`) or holds other scores; or synthetic
                ratings were to get a name that hides what they are, or the reverse.
        """
        from srbench.ratings.storing import storable, store_ratings

        study = cls(name, folder, db)
        found = storable(Path(file), columns)
        with study._store(create=True) as store:
            store_ratings(store, name, found)
        return study

    @property
    def design(self) -> StudyDesign:
        """The design in study.toml.

        Raises:
            StudyError: There is none, or it cannot be read.
        """
        return studyfile.read(self.path / "study.toml")

    def open(self) -> StudyRecord:
        """Freeze the study and open it for raters, or end a pause; from now on no file of it may change.

        The pictures are packed for their way to the raters, which takes a minute or two for a thousand of them.

        Raises:
            StudyError: A file is missing or changed, or the study was closed for good.
        """
        if not (self.path / "study.toml").is_file():
            studyfile.read(self.path / "study.toml")  # says what to do, before a database is made
        from srbench.mos.site import packing

        with self._store(create=True) as store:
            record = registration.freeze(self.path, store.organiser)
            pictures = store.organiser.stimuli(self.name)
            packing.pack(pictures, self.path / stimuli.FOLDER, self.path / packing.FOLDER)
        return record

    def pause(self) -> None:
        """Let nobody rate until the study is opened again."""
        with self._store() as store:
            store.organiser.set_state(self.name, "paused")

    def close(self) -> None:
        """End the study for good; every rating stays."""
        with self._store() as store:
            store.organiser.set_state(self.name, "closed")

    def invite(self, raters: int = 1, labels: Sequence[str] = (), address: str | None = None) -> pd.DataFrame:
        """Add raters and return their personal links, which are shown this once: only their hashes are stored.

        Args:
            raters: How many.
            labels: A note for each of the first raters, seen by the organiser alone.
            address: Where raters reach the server; default: where the study was served last.

        Returns:
            Columns rater, label, link.

        Raises:
            StudyError: The study was not opened, is closed, or a file of it was changed.
        """
        with self._store() as store:
            registration.verify(self.path, store.organiser)
            made = invitations.invite(store.organiser, self.name, raters, labels)
        return self._links(made, address)

    def renew(self, rater: int, address: str | None = None) -> pd.DataFrame:
        """Return a new link for a rater who lost the old one: it leads to the same place, the old one to nothing.

        Raises:
            StudyError: There is no such rater.
        """
        with self._store() as store:
            made = invitations.renew(store.organiser, self.name, rater)
        return self._links([made], address)

    def recruit(
        self,
        quota: int,
        *,
        panel: str = "none",
        minutes: float = 0.0,
        completed: str = "",
        screened_out: str = "",
        failed: str = "",
        address: str | None = None,
    ) -> str:
        """Return an open link, which is shown this once: who comes by it becomes a rater until the quota is reached.

        Args:
            quota: How many may finish.
            panel: `prolific`, `mturk`, `sona`, which say in the address who comes, or `none`.
            minutes: Time from entering to the end, after which the place is free again; 0 for any time.
            completed: For raters who finished: the panel's code, or the https address to return to, in which `{id}`
                is what the panel calls the rater.
            screened_out: Likewise for raters whose device the study does not take.
            failed: Likewise for raters who failed the practice.
            address: Where raters reach the server; default: where the study was served last.

        Raises:
            StudyError: The study was not opened, is closed, a file of it was changed, or the panel is unknown.
        """
        from srbench.mos import panels

        entrance = panels.entrance(panel, quota, minutes, completed, screened_out, failed)
        with self._store() as store:
            registration.verify(self.path, store.organiser)
            token = store.entrances.create(self.name, entrance)
        link = f"{(address or self.address).rstrip('/')}/open/{token}"
        return panels.with_placeholder(link, panel)

    def payments(self, participants: str | Path | None = None, column: str = "Participant id") -> pd.DataFrame:
        """Return who came by open links and how it ended, for the panel.

        Args:
            participants: The panel's CSV of its participants, whose names then stand in the place of hashes.
            column: The column with the names.

        Returns:
            Columns as in `srbench.mos.panels.payments`.

        Raises:
            StudyError: The file cannot be read or lacks the column.
        """
        from srbench.mos import panels
        from srbench.mos.site.server import server_key

        names = panels.read_names(Path(participants), column) if participants is not None else []
        with self._store() as store:
            return panels.payments(store.entrances.places(self.name), server_key(self.path), names)

    def revoke(self, rater: int) -> None:
        """Make a rater's link useless until it is renewed; every rating stays.

        Raises:
            StudyError: There is no such rater.
        """
        with self._store() as store:
            store.organiser.revoke_link(self.name, rater)

    def end_rater(self, rater: int) -> None:
        """End the part of one rater; every rating stays.

        Raises:
            StudyError: There is no such rater.
        """
        with self._store() as store:
            store.organiser.close_rater(self.name, rater)

    def withdraw(self, rater: int) -> None:
        """Delete everything that a rater gave, as the rater may demand; only number, code and time of invitation stay.

        Raises:
            StudyError: There is no such rater.
        """
        with self._store() as store:
            store.organiser.withdraw_rater(self.name, rater)

    @property
    def address(self) -> str:
        """Where raters reach the study: where it was served last, else this machine alone."""
        return place.recall(self.path) or place.DEFAULT

    def status(self) -> StudyStatus:
        """Return how far the study is. It holds no score: nobody should peek."""
        with self._store() as store:
            return store.organiser.status(self.name)

    def progress(self) -> pd.DataFrame:
        """Return one row per rater, without scores; columns as in `RaterStatus`."""
        import pandas as pd

        columns = [field.name for field in fields(RaterStatus)]
        return pd.DataFrame([asdict(rater) for rater in self.status().raters], columns=columns)

    def quality(self) -> pd.DataFrame:
        """Return what the answers so far say of each rater, and nothing about methods: see `srbench.mos.quality`.

        Returns:
            Columns rater, answers, seconds, missed, checked, flags.
        """
        from srbench.mos.quality import quality

        with self._store() as store:
            return quality(store.analyst, self.name)

    def ratings(self, names: bool = False) -> pd.DataFrame:
        """Return all ratings, or all comparisons where the design is pair comparison, one per row.

        While the study is not closed this is a look at scores, which the log of the study keeps.

        Args:
            names: Raters' labels instead of their anonymous codes.
        """
        with self._store() as store:
            found = store.analyst.results(self.name, names)
            store.organiser.log_look(self.name, "ratings were read")
        return found

    def export(self, path: str | Path, form: str = "", names: bool = False) -> int:
        """Write the study's data to a file and return the number of ratings; the log of the study keeps it.

        Args:
            path: The file.
            form: `csv`, `parquet`, `long` (for R), `sureal`, or `archive` (every table with a data dictionary, as
                zip); default: by the file's ending.
            names: Raters' labels instead of their anonymous codes.

        Raises:
            StudyError: The form is unknown, or does not fit the design.
        """
        chosen = self.form_of(path, form)
        with self._store() as store:
            ratings = store.analyst.results(self.name, names)
            whole = chosen == "archive"
            data = archive(store.analyst, self.name, names) if whole else formats.encode(ratings, chosen)
            store.organiser.log_event(self.name, "exported", f"{chosen}{', with labels' if names else ''}")
            store.organiser.log_look(self.name, f"export of {chosen}")
        write_atomically(Path(path), data)
        return len(ratings)

    @staticmethod
    def form_of(path: str | Path, form: str = "") -> str:
        """Return the form of an export: `form`, or what the ending of `path` stands for."""
        return form or _BY_ENDING.get(Path(path).suffix, "csv")

    def set_password(self, password: str) -> Path:
        """Set the password of the organiser's pages; return the file that its hash was written to.

        Raises:
            StudyError: There is no such study, or the password is too short.
        """
        from srbench.mos.site import organiser

        studyfile.read(self.path / "study.toml")
        return organiser.write_password(self.path, password)

    def serve(
        self,
        port: int = 8501,
        host: str = "127.0.0.1",
        *,
        names: Sequence[str] = (),
        address: str | None = None,
        proxies: Collection[str] = (),
        organisers: Collection[str] = (),
        language: str = "en",
        on_start: Callable[[Site], None] | None = None,
    ) -> None:
        """Serve the open study until the process is stopped.

        Args:
            port: Port.
            host: Address to listen on; the default lets only this machine in.
            names: Host names under which raters reach the server.
            address: What links begin with; default: http:// with the first of `names` and the port.
            proxies: Addresses of web servers in front of this one, which say who a client is.
            organisers: OIDC accounts that may see the organiser's pages.
            language: Language for browsers that ask for none that is there.
            on_start: Called once with what is served, before the first request.

        Raises:
            StudyError: The study was not opened, a file of it was changed, or others could come by unnamed hosts.
        """
        from srbench.mos.site import organiser, server

        if host not in server.LOOPBACK and not names:
            raise StudyError(f"To listen on {host}, name the hosts or addresses that raters type: --allow-host NAME.")
        reached = address or f"http://{(names or ['localhost'])[0]}:{port}"
        with self._store() as store:
            registration.verify(self.path, store.organiser)
            hashed = organiser.read_password_hash(self.path)
            site = server.Site(store, self.name, self.path, reached, hashed, organisers, language)
            if on_start is not None:
                on_start(site)
            server.serve(site, host, port, names, proxies)

    def _store(self, create: bool = False) -> Store:
        return registration.open_store(self.path, self.db, create)

    def _links(self, made: Sequence[invitations.Invitation], address: str | None) -> pd.DataFrame:
        import pandas as pd

        where = address or self.address
        rows = [(each.number, each.label or "", each.link(where)) for each in made]
        return pd.DataFrame(rows, columns=["rater", "label", "link"])
