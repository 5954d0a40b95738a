"""The organiser's page: progress, invitations, pause and close, export, and the log; nothing without a sign-in."""

import datetime as dt

import pandas as pd
import streamlit as st

from srbench.errors import SrbenchError
from srbench.mos.site import organiser as web_organiser
from srbench.mos.site.server import Site, running

REFRESH_SECONDS = 5
SHOWN_EVENTS = 50


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
    left, middle, right = st.columns(3)
    left.metric("Raters", len(raters))
    middle.metric("Finished", sum(rater.state == "finished" for rater in raters))
    right.metric("Ratings", f"{done} of {total}")
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
    bar = st.column_config.ProgressColumn("progress", min_value=0.0, max_value=1.0, format="percent")
    st.dataframe(table, hide_index=True, column_config={"progress": bar})


def invitations(site: Site) -> None:
    """Make personal links; they are shown once, because the store keeps only their hashes."""
    with st.form("invite", border=False):
        notes = st.text_area(
            "One line per rater: a note that only you see", placeholder="Monday, room 12\nMonday, room 14"
        )
        asked = st.form_submit_button("Make links")
    if asked:
        labels = [line.strip() for line in notes.splitlines() if line.strip()]
        links = pd.DataFrame({"note": labels, "link": [site.invite(label) for label in labels]})
        st.dataframe(links, hide_index=True)
        st.info("Copy the links now: they cannot be shown again.")


def one_rater(site: Site) -> None:
    """Give one rater another link, take the link away, or end that rater's part."""
    raters = {
        f"{rater.number} {rater.label or ''}".strip(): rater.number for rater in site.store.organiser.raters(site.study)
    }
    if not raters:
        st.write("Nobody is invited yet.")
        return
    number = raters[st.selectbox("Rater", list(raters))]
    renew, revoke, end = st.columns(3)
    if renew.button("New link", help="It leads to the same place; the old link stops working."):
        st.code(site.renew(number), language=None)
        st.info("Copy the link now: it cannot be shown again.")
    if revoke.button("Revoke link", help="Nobody can use it until there is a new one; every rating stays."):
        site.store.organiser.revoke_link(site.study, number)
        st.write(f"The link of rater {number} no longer works.")
    sure = end.checkbox("for good")
    if end.button("End this rater's part", help="Every rating stays. It cannot be undone.", disabled=not sure):
        site.store.organiser.close_rater(site.study, number)
        st.write(f"Rater {number} takes no further part.")


def switch(site: Site) -> None:
    """Pause, reopen or close the study."""
    state = site.store.organiser.study(site.study).state
    st.write(f"The study is **{state}**.")
    set_state = site.store.organiser.set_state
    if state == "open":
        hint = "Nobody can rate until the study is reopened."
        st.button("Pause", help=hint, on_click=set_state, args=(site.study, "paused"))
    if state == "paused":
        st.button("Reopen", on_click=set_state, args=(site.study, "open"))
    if state != "closed":
        sure = st.checkbox("I want to end the study for good")
        st.button("Close", disabled=not sure, on_click=set_state, args=(site.study, "closed"))


def data(site: Site) -> None:
    """Offer the ratings, and the means so far to whoever insists."""
    kinds = web_organiser.EXPORT_FORMATS
    links = " · ".join(
        f'<a style="color: inherit" href="{site.gate.export_address(kind)}" download>{kind}</a>' for kind in kinds
    )
    st.html(f"Anonymised ratings: {links} (valid for ten minutes)")
    st.write(
        "Whoever sees results while raters still rate may stop or go on because of them, and then no p-value means "
        "what it says. They are hidden for that reason; looking at them is written to the log."
    )
    if st.checkbox("Show the mean opinion scores so far"):
        site.store.organiser.log_event(site.study, "peeked")
        from srbench import stats

        try:
            st.dataframe(stats.mean_opinion_scores(site.store.analyst.ratings(site.study)), hide_index=True)
        except SrbenchError as error:  # nothing rated yet, or a design without scores (pair comparison)
            st.info(str(error))


def log(site: Site) -> None:
    """Show what happened last."""
    events = site.store.organiser.events(site.study)[: -SHOWN_EVENTS - 1 : -1]
    rows = ({"when": moment(e.at), "rater": e.rater, "what": e.kind, "detail": e.detail} for e in events)
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def moment(seconds: float | None) -> str:
    """Return a time in UTC as text."""
    return "" if seconds is None else f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}"


def page(site: Site) -> None:
    """Show the whole page to an organiser."""
    title, leave = st.columns([5, 1])
    title.title(site.study)
    if site.gate.takes_accounts and st.user.get("is_logged_in"):
        leave.button("Sign out", on_click=st.logout)
    else:
        leave.html('<form method="post" action="/organiser/logout"><button>Sign out</button></form>')
    progress(site)
    for name, show in {
        "Invite": invitations,
        "One rater": one_rater,
        "Pause or close": switch,
        "Data": data,
        "Log": log,
    }.items():
        with st.expander(name):
            try:
                show(site)
            except SrbenchError as error:
                st.error(str(error))


served = running()
if signed_in(served):
    page(served)
else:
    sign_in(served)
