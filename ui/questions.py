"""What one hears and what is precise, and the interview questions of a page with everything that proves the answer."""

from collections.abc import Sequence

import streamlit as st

from lossviz.drill.proofs import Demonstration
from lossviz.drill.questions import Question
from lossviz.lessons.words import Lesson


def folklore(words: Lesson) -> None:
    """What one hears, what is exact, the source, and the link to the state that shows it."""
    st.header("You will hear … / Precisely …", anchor="precisely")
    for item in words.folklore:
        with st.container(border=True):
            heard, exact = st.columns(2)
            heard.markdown(f"**You will hear.** “{item.heard}”")
            exact.markdown(f"**Precisely.** {item.exact}")
            exact.caption(item.source)
            with exact:
                live_link(item.state)


@st.fragment
def questions(asked: Sequence[Question]) -> None:
    """The questions of the page; an answer is sent once it is opened, so that the picture does not wait for it."""
    st.header("Questions on this page", anchor="questions")
    for question in asked:
        folded = st.expander(f"**{question.label}.** {question.question}", key=f"q{question.id}", on_change="rerun")
        if folded.open:
            with folded:
                answer(question)


def live_link(state: str) -> None:
    """A link to the live state that shows it, in a tab of its own: the question stays where it is."""
    st.markdown(f"[See it live]({state})")


def answer(question: Question) -> None:
    """One question's whole answer."""
    st.markdown(f"**In thirty seconds.** {question.short_answer}")
    st.markdown(f"**In two minutes.** {question.long_answer}")
    for formula in question.formulas:
        st.latex(formula)
    st.markdown("**A complete answer contains**\n" + "\n".join(f"- {point}" for point in question.checklist))
    st.markdown(
        "**Precisely**\n"
        + "\n".join(f"- You will hear “{item.heard}” {item.exact} *({item.source})*" for item in question.precisely)
    )
    st.markdown(
        "**What comes next**\n" + "\n".join(f"- *{item.question}* {item.answer}" for item in question.follow_ups)
    )
    demonstration("Proof", question.proof)
    if question.proof.refutation:
        demonstration("The usual answer, tested", question.proof.refutation)
    st.caption(
        "Sources: "
        + " · ".join(
            f"{source.name} ({source.year}), {source.place}"
            + ("" if source.evidence == "read" else f" [{source.evidence}]")
            for source in question.sources
        )
    )


def demonstration(heading: str, shown: Demonstration) -> None:
    """What bears an answer out: the program and what it prints, the live state, or the table of the experiment."""
    st.markdown(f"**{heading}.** {shown.says}")
    if shown.listing:
        st.code(shown.listing.transcript, language="python")
    if shown.live:
        st.markdown(f"`{shown.live.predicate}`")
        live_link(shown.live.state)
    if shown.literature:
        st.table([dict(zip(shown.literature.columns, row, strict=True)) for row in shown.literature.rows])
        st.caption(shown.literature.source)
