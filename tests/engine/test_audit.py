"""The trail: sealed, gapless, and closed to every kind of change."""

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests.probe import AT, OWNER, open_action
from vyapar.engine import services
from vyapar.engine.models import AuditEntry
from vyapar.engine.sealing import GENESIS, seal
from vyapar.engine.selectors import verify_audit
from vyapar.kernel.phrases import phrase


@pytest.mark.usefixtures("alpha", "probe")
class TestTrail:
    """On the real table."""

    def test_an_untouched_trail_verifies(self):
        for n in range(5):
            open_action(f"thing:{n}")
        count, breaks = verify_audit()
        assert count == AuditEntry.objects.count() == 10
        assert breaks == []

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE {t} SET reason = 'x'",
            "DELETE FROM {t}",
            "TRUNCATE {t} CASCADE",
        ],
    )
    @pytest.mark.parametrize(
        "table", ["engine_auditentry", "engine_event", "engine_transition", "engine_policyversion"]
    )
    def test_the_database_itself_refuses_to_change_what_is_append_only(self, sql, table):
        open_action()
        services.set_policy("probe", {"threshold_days": 31}, effective_date=AT.date(), actor=OWNER, at=AT)
        column = {"engine_event": "subject"}.get(table, "reason")
        statement = sql.format(t=table).replace("reason", column)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else TRUNCATE stops at the checks still due
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_words_of_a_reason_are_said_only_while_they_make_the_sealed_text(self):
        reason = phrase("%(pieces)s pieces expire", pieces=40)
        entry = services.append_audit(actor=OWNER, verb="Did", subject="s:1", at=AT, reason=reason)
        assert entry.seal == seal(entry, entry.previous_seal)
        kept = AuditEntry.objects.get(pk=entry.pk)
        assert kept.reason_words == [{"say": "%(pieces)s pieces expire", "with": {"pieces": 40}}]
        assert verify_audit()[1] == []
        kept.words[0]["with"]["pieces"] = 4
        assert kept.reason_words == []
        plainly = services.append_audit(actor=OWNER, verb="Did", subject="s:1", at=AT, reason="as it stands")
        assert plainly.reason_words == []

    @pytest.mark.parametrize("column", ["verb", "subject", "reason", "body", "actor_ref"])
    def test_a_change_behind_the_triggers_back_is_found(self, column):
        for n in range(3):
            services.append_audit(actor=OWNER, verb="Did", subject=f"s:{n}", at=AT, after={"n": n})
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE engine_auditentry DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE engine_auditentry SET {column} = {column} || ' ' WHERE seq = 2")
        _, breaks = verify_audit()
        assert breaks == ["entry 2 (Did s:1) was altered"] or (
            len(breaks) == 1 and breaks[0].startswith("entry 2 ")
        )

    def test_a_missing_entry_is_found(self):
        for n in range(3):
            services.append_audit(actor=OWNER, verb="Did", subject=f"s:{n}", at=AT)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE engine_auditentry DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM engine_auditentry WHERE seq = 2")
        _, breaks = verify_audit()
        assert "entries 2 to 2 are missing" in breaks


words = st.text(max_size=20)


@given(st.integers(1, 10**9), words, words, words)
def test_the_seal_covers_every_field(seq, subject, reason, body):
    entry = AuditEntry(
        seq=seq,
        at=AT,
        actor_ref="user:1",
        actor_name="n",
        verb="v",
        subject=subject,
        reason=reason,
        body=body,
    )
    first = seal(entry, GENESIS)
    for name in ("subject", "reason", "body", "verb", "actor_ref", "actor_name"):
        kept = getattr(entry, name)
        setattr(entry, name, kept + "x")
        assert seal(entry, GENESIS) != first
        setattr(entry, name, kept)
    assert seal(entry, first) != first
    assert seal(entry, GENESIS) == first
