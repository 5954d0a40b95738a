"""The organiser's page: progress, invitations, pause and close, export, and the log; nothing without a sign-in."""

import datetime as dt
import zoneinfo
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from srbench.errors import SrbenchError
from srbench.mos.site import organiser as web_organiser
from srbench.mos.site.server import Site, running
from srbench.mos.store.definitions import Settings

REFRESH_SECONDS = 5
SHOWN_EVENTS = 50
# A table that grew with every new rater would move the buttons below it, perhaps from under a pointer that is pressing.
TABLE_PIXELS = 280


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
    """Show how far each rater is, and keep it up to date."""
    raters = site.store.organiser.raters(site.study)
    done, total = sum(rater.done for rater in raters), sum(rater.total for rater in raters)
    looks = sum(event.kind == "peeked" for event in site.store.organiser.events(site.study))
    record = site.store.organiser.study(site.study)
    columns = st.columns(5)
    columns[0].metric("State", record.state)
    columns[1].metric("Raters", len(raters))
    columns[2].metric("Finished", sum(rater.state == "finished" for rater in raters))
    columns[3].metric("Ratings", f"{done} of {total}")
    hint = "How often scores were shown or downloaded while raters still rated. Whoever waits for a result finds one."
    columns[4].metric("Looks at scores", looks, help=hint)
    table = pd.DataFrame(
        {
            "number": rater.number,
            "code": rater.code,
            "note": rater.label,
            "state": rater.state,
            "progress": rater.done / max(rater.total, 1),
            "rated": f"{rater.done} of {rater.total}",
            "last rating": moment(rater.last_rated),
            "screen": rater.screen,
        }
        for rater in raters
    )
    bar = st.column_config.ProgressColumn("progress", min_value=0.0, max_value=1.0, format="percent", color="#1f4e79")
    st.dataframe(table, hide_index=True, column_config={"progress": bar}, height=TABLE_PIXELS)
    st.caption(f"{conditions(record.settings)} Times are those of {zone()}.")


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


def moment(seconds: float | None) -> str:
    """Return a time as text, as the organiser's clock shows it."""
    return "" if seconds is None else f"{dt.datetime.fromtimestamp(seconds, zone()):%Y-%m-%d %H:%M:%S}"


def page(site: Site) -> None:
    """Show the whole page to an organiser."""
    title, leave = st.columns([5, 1])
    title.title(site.study)
    if site.gate.takes_accounts and st.user.get("is_logged_in"):
        leave.button("Sign out", on_click=st.logout)
    else:
        leave.html('<form method="post" action="/organiser/logout"><button>Sign out</button></form>')
    progress(site)
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
