"""The organiser's page: progress, invitations, pause and close, export, and the log; nothing without a sign-in."""

import datetime as dt
import time
import zoneinfo
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from srbench.errors import SrbenchError
from srbench.mos.quality import CHECKS, meanings, quality
from srbench.mos.site import organiser as web_organiser
from srbench.mos.site.server import Site, running
from srbench.mos.store.definitions import Settings
from srbench.mos.store.durations import duration
from srbench.mos.store.rows import RaterStatus, StudyStatus
from srbench.stats.screening import ENOUGH, RULES

REFRESH_SECONDS = 5
JUDGE_SECONDS = 60
SHOWN_EVENTS = 50
# A table that grew with every new rater would move the buttons below it, perhaps from under a pointer that is pressing.
TABLE_PIXELS = 387
STYLE = """<style>
.stMainBlockContainer { padding-top: 2.5rem; }
.leave { text-align: right; }
.leave button {
    padding: 0.4rem 0.9rem; border: 1px solid #c3ccd6; border-radius: 0.5rem; background: #ffffff; color: #1f4e79;
    font: inherit; cursor: pointer;
}
.leave button:hover { background: #eef3f8; }
</style>"""


def signed_in(site: Site) -> bool:
    """Return whether this browser belongs to an organiser: by password or by an account of the identity provider."""
    account = None
    if site.gate.takes_accounts and st.user.get("is_logged_in") and st.user.get("email_verified", True):
        account = str(st.user.get("email", ""))
    return site.gate.admits(st.context.cookies.get(web_organiser.COOKIE), account)


def sign_in(site: Site) -> None:
    """Offer the ways to sign in that are set up."""
    st.title("Organiser")
    if site.gate.takes_password:
        st.html('<a style="color: inherit" href="/organiser/login" target="_self">Sign in with the password</a>')
    if site.gate.takes_accounts:
        st.button("Sign in with your account", on_click=st.login)
    if not site.gate.takes_password and not site.gate.takes_accounts:
        st.write("These pages are switched off. Set a password with `srbench mos password` and start the server again.")


@st.fragment(run_every=REFRESH_SECONDS)
def progress(site: Site) -> None:
    """Show how far each rater is and how well it goes, and keep it up to date."""
    status = site.store.organiser.status(site.study)
    seen = judged(site)
    summary(status, sum(bool(seen[rater.code]["flags"]) for rater in status.raters if rater.code in seen))
    table = pd.DataFrame([line(rater, seen.get(rater.code)) for rater in status.raters], columns=list(LINES))
    st.dataframe(table, hide_index=True, column_config=LINES, height=TABLE_PIXELS, placeholder="")
    st.caption(f"{conditions(status.record.settings)} Times are those of {zone()}.")


def summary(status: StudyStatus, flagged: int) -> None:
    """Show the study in six figures."""
    columns = st.columns([2, 2, 2, 3, 2, 3])
    columns[0].metric("State", status.record.state)
    columns[1].metric("Raters", len(status.raters))
    columns[2].metric("Finished", sum(rater.state == "finished" for rater in status.raters))
    columns[3].metric("Ratings", f"{status.done:,} of {status.total:,}")
    hint = "Raters whom a rule of screening, or a missed check, points at. See “What the flags mean”."
    columns[4].metric("Flagged", flagged, help=hint)
    hint = "How often scores were shown or downloaded while raters still rated. Whoever waits for a result finds one."
    columns[5].metric("Looks at scores", status.looks, help=hint)


LINES = {
    "number": st.column_config.NumberColumn("no.", width=45),
    "note": st.column_config.TextColumn("note", width=150),
    "state": st.column_config.TextColumn("state", width=95),
    "progress": st.column_config.ProgressColumn(
        "progress", min_value=0, max_value=100, format="%d %%", color="#1f4e79", width=135
    ),
    "rated": st.column_config.TextColumn("rated", width=95),
    "left": st.column_config.TextColumn(
        "time left", width=80, help="At the rater's own pace, which the planned one stands in for at first; no breaks."
    ),
    "seconds": st.column_config.NumberColumn(
        "seconds", format="%.1f", width=75, help="Median time from seeing a picture to answering."
    ),
    "flags": st.column_config.MultiselectColumn(
        "flags", width=165, help="See “What the flags mean” below the table.", options=[*RULES, CHECKS], color="orange"
    ),
    "last": st.column_config.TextColumn("last answer", width=110),
    "code": st.column_config.TextColumn("code", width=85, help="What exports call this rater."),
    "screen": st.column_config.TextColumn("screen", width=230),
}
"""The columns of the table of raters, so wide that a laptop shows all but the last ones."""


def line(rater: RaterStatus, seen: dict[str, Any] | None) -> dict[str, Any]:
    """Return one line of the table of raters."""
    return {
        "number": rater.number,
        "note": rater.label or "",
        "state": rater.state,
        "progress": int(100 * rater.done / max(rater.total, 1)),
        "rated": f"{rater.done} of {rater.total}",
        "left": duration(rater.seconds_left),
        "seconds": seen["seconds"] if seen else None,
        "flags": list(seen["flags"]) if seen else [],
        "last": moment(rater.last_rated, "%d %b, %H:%M"),
        "code": rater.code,
        "screen": rater.screen,
    }


def judged(site: Site) -> dict[str, dict[str, Any]]:
    """Return for each rater's code what the answers so far say of the rater; it takes longer than a count."""
    kept: dict[str, dict[Any, Any]]
    kept, at = st.session_state.get("judged", ({}, 0.0))
    if time.monotonic() - at > JUDGE_SECONDS:
        rows = quality(site.store.analyst, site.study).to_dict("records")
        kept = {str(row["rater"]): row for row in rows}
        st.session_state.judged = (kept, time.monotonic())
    return kept


def flags(site: Site) -> None:
    """Say what each flag means, and what it does not."""
    settings = site.store.organiser.study(site.study).settings
    found = meanings(settings)
    st.markdown("\n".join(f"- **{name}**: {text}" for name, text in found.items()))
    if settings.compares:
        st.write("The rules of screening look at scores, which pairs have none of.")
    else:
        st.write(f"Rules of screening say nothing yet of raters with fewer than {ENOUGH} answers.")
    st.write(
        "A flag is a reason to look and none to exclude: some honest raters have one. Flags follow from scores but say "
        "nothing of methods, so that seeing them is no look at scores. Write down before whom a report leaves out."
    )


def conditions(chosen: Settings) -> str:
    """Return on what screens the study is shown, as a sentence or two."""
    devices = "Desktop computers alone" if chosen.screens == "desktop" else "All devices"
    small = "refused" if chosen.small_screens == "refuse" else "shown the pictures that fit"
    limits = [f"{chosen.crop_width} wide"] * bool(chosen.crop_width) + [f"{chosen.crop_height} high"] * bool(
        chosen.crop_height
    )
    cut = f" Pictures are cut to their middle, at most {' and '.join(limits)}." if limits else ""
    return f"{devices}; raters whose screen is too small are {small}.{cut}"


def invitations(site: Site) -> None:
    """Make personal links; the page shows them until the next ones, because the store keeps only their hashes."""
    with st.form("invite", border=False):
        st.text_area(
            "One line per rater: a note that only you see", placeholder="Monday, room 12\nMonday, room 14", key="notes"
        )
        st.form_submit_button("Make links", on_click=act, args=(make_links, site))
    if st.session_state.pop("invited", False):
        st.rerun()  # the new raters belong into the other sections too
    if "links" in st.session_state:
        st.dataframe(st.session_state.links, hide_index=True)
        st.info("Copy the links now: they cannot be shown again.")


def make_links(site: Site) -> None:
    """Invite a rater for each note in the form."""
    labels = [line.strip() for line in st.session_state.notes.splitlines() if line.strip()]
    st.session_state.links = pd.DataFrame({"note": labels, "link": [site.invite(label) for label in labels]})
    st.session_state.invited = True


def one_rater(site: Site) -> None:
    """Give one rater another link, take the link away, or end that rater's part."""
    raters = {
        f"{rater.number} {rater.label or ''}".strip(): rater.number for rater in site.store.organiser.raters(site.study)
    }
    if not raters:
        st.write("Nobody is invited yet.")
        return
    number = raters[st.selectbox("Rater", list(raters), key="rater")]
    renew, revoke, end = st.columns(3)
    hint = "It leads to the same place; the old link stops working."
    renew.button("New link", help=hint, on_click=act, args=(new_link, site, number))
    hint = "Nobody can use it until there is a new one; every rating stays."
    revoke.button("Revoke link", help=hint, on_click=act, args=(revoke_link, site, number))
    sure = end.checkbox("for good")
    hint = "Every rating stays. It cannot be undone."
    end.button("End this rater's part", help=hint, disabled=not sure, on_click=act, args=(end_part, site, number))
    done, link = st.session_state.get("one_rater", ("", ""))
    if link:
        st.code(link, language=None)
    if done:
        st.info(done)


def new_link(site: Site, number: int) -> None:
    """Replace a rater's link."""
    st.session_state.one_rater = (
        f"This is the new link of rater {number}. Copy the link now: it cannot be shown again.",
        site.renew(number),
    )


def revoke_link(site: Site, number: int) -> None:
    """Take a rater's link away."""
    site.store.organiser.revoke_link(site.study, number)
    st.session_state.one_rater = (f"The link of rater {number} no longer works.", "")


def end_part(site: Site, number: int) -> None:
    """End a rater's participation."""
    site.store.organiser.close_rater(site.study, number)
    st.session_state.one_rater = (f"Rater {number} takes no further part.", "")


def switch(site: Site) -> None:
    """Pause, reopen or close the study."""
    state = site.store.organiser.study(site.study).state
    st.write(f"The study is **{state}**.")
    set_state = site.store.organiser.set_state
    if state == "open":
        hint = "Nobody can rate until the study is reopened."
        st.button("Pause", help=hint, on_click=act, args=(set_state, site.study, "paused"))
    if state == "paused":
        st.button("Reopen", on_click=act, args=(set_state, site.study, "open"))
    if state != "closed":
        sure = st.checkbox("I want to end the study for good")
        st.button("Close", disabled=not sure, on_click=act, args=(set_state, site.study, "closed"))


def act(change: Callable[..., None], *arguments: Any) -> None:
    """Do what a button is for; what hinders it is shown in the button's section.

    Buttons call this before anything is drawn again. A button that is asked in the course of drawing forgets its
    click when another one ends that drawing early.
    """
    try:
        change(*arguments)
    except SrbenchError as error:
        st.session_state.hindrance = str(error)


@st.fragment
def section(site: Site, show: Callable[[Site], None]) -> None:
    """Show one part of the page, which is drawn again alone.

    Were the whole page drawn again after each click, what a former click had shown in another section would vanish
    when that is done, and everything below would move up: a button that is being pressed would be missed.
    """
    if hindrance := st.session_state.pop("hindrance", None):
        st.error(hindrance)
    try:
        show(site)
    except SrbenchError as error:
        st.error(str(error))


@st.fragment(run_every=web_organiser.EXPORT_SECONDS / 2)
def downloads(site: Site) -> None:
    """Offer the ratings, under addresses that are renewed before they expire."""
    kinds = web_organiser.EXPORT_FORMATS
    links = " · ".join(
        f'<a style="color: inherit" href="{site.gate.export_address(kind)}" download>{kind}</a>' for kind in kinds
    )
    st.html(f"Anonymised ratings: {links} (valid for ten minutes; a download is a look at scores, and logged as one)")


def looks(site: Site) -> None:
    """Show the means so far to whoever insists."""
    st.write(
        "Whoever sees results while raters still rate may stop or go on because of them, and then no p-value means "
        "what it says. They are hidden for that reason; looking at them is written to the log."
    )
    if st.checkbox("Show the mean opinion scores so far"):
        site.store.organiser.log_look(site.study, "mean opinion scores")
        from srbench import stats

        try:
            st.dataframe(stats.mean_opinion_scores(site.store.analyst.ratings(site.study)), hide_index=True)
        except SrbenchError as error:  # nothing rated yet, or a design without scores (pair comparison)
            st.info(str(error))


@st.fragment(run_every=REFRESH_SECONDS)
def log(site: Site) -> None:
    """Show what happened last, and keep it up to date."""
    events = site.store.organiser.events(site.study)[: -SHOWN_EVENTS - 1 : -1]
    rows = ({"when": moment(e.at), "rater": e.rater, "what": e.kind, "detail": e.detail} for e in events)
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def zone() -> dt.tzinfo:
    """Return the time zone of the organiser's browser, or UTC where it is not known here."""
    try:
        return zoneinfo.ZoneInfo(st.context.timezone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def moment(seconds: float | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a time as text, as the organiser's clock shows it."""
    return "" if seconds is None else dt.datetime.fromtimestamp(seconds, zone()).strftime(form)


def page(site: Site) -> None:
    """Show the whole page to an organiser."""
    st.html(STYLE)
    title, leave = st.columns([5, 1])
    title.title(site.study)
    if site.gate.takes_accounts and st.user.get("is_logged_in"):
        leave.button("Sign out", on_click=st.logout)
    else:
        leave.html('<form class="leave" method="post" action="/organiser/logout"><button>Sign out</button></form>')
    progress(site)
    with st.expander("What the flags mean"):
        section(site, flags)
    sections = {"Invite": invitations, "One rater": one_rater, "Pause or close": switch}
    for name, show in sections.items():
        with st.expander(name):
            section(site, show)
    with st.expander("Data"):
        downloads(site)
        section(site, looks)
    with st.expander("Log"):
        log(site)


served = running()
if signed_in(served):
    page(served)
else:
    sign_in(served)
