"""Where data come from, and what became of each time they came: feeds, profiles, runs, quarantine."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from inventory.contracts.feeds import RecordKind

_KINDS = [(kind.value, kind.value) for kind in RecordKind]


class MappingProfile(models.Model):
    """How the columns of one system's files become canonical; a change is a new version."""

    name = models.CharField(max_length=80)
    system = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    spec = models.JSONField()  # see inventory.feeds.profiles
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="profile_once")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Feed(models.Model):
    """A system data come from, how it is reached, and how old its data may get."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    system = models.CharField(max_length=20)  # a key of inventory.feeds.SYSTEMS
    settings = models.JSONField(default=dict)  # address, company, folder, auth kind …; never a secret
    secrets = models.JSONField(default=dict)  # tokens and passwords; out of every log and page
    profile = models.ForeignKey(
        MappingProfile, null=True, blank=True, on_delete=models.PROTECT, related_name="feeds"
    )
    every_seconds = models.PositiveIntegerField(default=0)  # 0: not pulled by itself
    fresh_hours = models.PositiveIntegerField(default=36)  # older than this and agents do not act alone
    sandbox = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    cursor = models.JSONField(default=dict)  # where the next pull goes on, by record kind
    next_pull_at = models.DateTimeField(null=True)
    pull_claimed_at = models.DateTimeField(null=True)  # when the worker took it that is pulling now
    failed_pulls = models.PositiveSmallIntegerField(default=0)  # in a row; the wait grows with them
    last_ok_at = models.DateTimeField(null=True)  # last run that ended well
    last_day = models.DateField(null=True)  # the latest business day it has told us of
    last_error = models.CharField(max_length=500, blank=True)
    words = models.JSONField(default=list)  # what the last error was made of, to be said in any language
    reach = models.JSONField(default=dict)  # what it has told of: codes of places by record kind
    stale_at = models.DateTimeField(null=True)  # when it was told that its data are stale; None: they are not
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ImportRun(models.Model):
    """One file, pull or push taken in: checked, written, reconciled, and undone if need be."""

    class State(models.TextChoices):
        UPLOADED = "uploaded"
        CHECKING = "checking"
        CHECKED = "checked"  # waits for a person: nothing is written yet
        WRITING = "writing"
        WRITTEN = "written"  # written, but totals differ and no cause is known: a person must look
        RECONCILED = "reconciled"  # written, and every difference of its totals has a cause
        CANCELLED = "cancelled"
        FAILED = "failed"
        UNDOING = "undoing"
        UNDONE = "undone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="runs")
    title = models.CharField(max_length=200)  # file name, or what was pulled
    file = models.CharField(max_length=300, blank=True)  # in the distributor's own storage
    digest = models.CharField(max_length=64, blank=True)  # SHA-256: the same file again is known
    profile = models.ForeignKey(
        MappingProfile, null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    #: sheet, delimiter, encoding, kind; `write`: goes on without a person's click; `wait`: a person
    #: is still choosing how to read it
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UPLOADED)
    bytes_total = models.BigIntegerField(null=True)
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)  # by kind: accepted, updated, duplicates, rejected
    checks = models.JSONField(default=dict)  # what the check found: counts, first faults, coverage, preview
    coverage = models.JSONField(default=list)
    reconciliation = models.JSONField(default=dict)
    log = models.JSONField(default=list)  # [at, what] of each step, for people
    error = models.CharField(max_length=500, blank=True)
    words = models.JSONField(default=list)  # what the error was made of, to be said in any language
    cancel_asked = models.BooleanField(default=False)
    claimed_at = models.DateTimeField(null=True)  # sign of life of the worker that has it
    attempts = models.PositiveSmallIntegerField(default=0)
    started_by = models.CharField(max_length=80)
    started_by_name = models.CharField(max_length=160, blank=True)
    asked_by = models.CharField(max_length=80, blank=True)  # for the step under way: write, undo
    asked_by_name = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    #: True on a run that `open_run` answered with because the same file was there before; not stored.
    known = False

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"], name="import_newest"),  # history
            models.Index(
                fields=["state", "claimed_at"],
                name="import_under_way",  # the sweeper
                condition=Q(state__in=["uploaded", "checking", "writing", "undoing"]),
            ),
            models.Index(fields=["digest"], name="import_by_digest", condition=~Q(digest="")),
        ]

    def __str__(self) -> str:
        return f"import {self.number}: {self.title}"


class FeedEvent(models.Model):
    """A body that a feed's system sent by itself; the same id twice is kept once.

    It waits until a run takes it in; one that cannot be read is kept with the reason.
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="events")
    event_id = models.CharField(max_length=200)  # the sender's, or the body's digest
    body = models.BinaryField()
    received_at = models.DateTimeField()
    run = models.ForeignKey(ImportRun, null=True, on_delete=models.PROTECT, related_name="events")
    refused = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "event_id"], name="feed_event_once")]
        indexes = [
            models.Index(
                fields=["feed", "id"],
                name="feed_event_waits",  # the taker
                condition=Q(run=None, refused=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.event_id}"


class ImportPart(models.Model):
    """One parcel of a run, written in the transaction that wrote its rows: it is never written twice."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=_KINDS)
    rows = models.PositiveIntegerField()
    bytes_read = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.number}"


class FeedVoucher(models.Model):
    """Which self of a feed's document a run landed, by kind of record. The newest row is what stands.

    Append-only but for undoing: with a run go its rows, and the self before stands again.
    """

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="vouchers", db_index=False)
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="vouchers")
    kind = models.CharField(max_length=12, choices=_KINDS)
    document = models.CharField(max_length=64)  # the system's own name of it, which never changes
    version = models.BigIntegerField(default=0)  # grows with every change there; 0: it does not say
    content = models.CharField(max_length=32, blank=True)  # digest of what it says
    revision = models.PositiveSmallIntegerField(default=0)  # how often it landed anew: its sales' lines
    gone = models.BooleanField(default=False)  # out of the books there
    lines = models.JSONField(default=list)  # keys of what landed: what taking it back needs
    day = models.DateField(null=True)  # the document's own; null of what landed before it was kept

    class Meta:
        indexes = [models.Index(fields=["feed", "document"], name="feed_voucher_known")]

    def __str__(self) -> str:
        return f"{self.kind} {self.document} version {self.version}"


class QuarantinedRow(models.Model):
    """A row that could not be taken: as it came, what is wrong with it, and what a person made of it."""

    class State(models.TextChoices):
        OPEN = "open"
        CORRECTED = "corrected"  # waits to be driven again
        TAKEN = "taken"
        DROPPED = "dropped"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="quarantine")
    kind = models.CharField(max_length=12, choices=_KINDS)
    row = models.BigIntegerField()
    values = models.JSONField()  # canonical name -> text as it came
    corrected = models.JSONField(default=dict)  # canonical name -> text instead
    faults = models.JSONField()  # [{field, code, message, value}]
    told = models.JSONField(null=True)  # of a document: its name, version, digest of what it said
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    changed_by = models.CharField(max_length=80, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "row"], name="quarantined_once")]
        indexes = [models.Index(fields=["run", "state"], name="quarantined_by_state")]  # what waits in a run

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind} row {self.row}"


class ImportTally(models.Model):
    """What one parcel of a source said of one SKU at one place, and what became of it. Append-only.

    Lines of one outcome add up. What is `landed` is compared with the tables; every other outcome is the
    cause of a difference. A row that was quarantined and is taken later has a line that takes the first
    one back.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    kind = models.CharField(max_length=12, choices=_KINDS)
    sku = models.CharField(max_length=60)
    location = models.CharField(max_length=40)
    batch = models.CharField(max_length=60, blank=True)  # of stock and receipts, as it landed
    as_of = models.DateTimeField(null=True)  # the instant that a statement of stock speaks of
    outcome = models.CharField(max_length=60)
    rows = models.BigIntegerField(default=0)
    source_pieces = models.BigIntegerField(default=0)
    source_paise = models.BigIntegerField(null=True)  # None: the source names no amount

    class Meta:
        verbose_name_plural = "import tallies"
        indexes = [models.Index(fields=["run"], name="import_tally_of_run")]  # reconciling

    def __str__(self) -> str:
        return f"{self.run_id} {self.sku}@{self.location} {self.outcome}"


class ImportTotal(models.Model):
    """What a source said of one SKU at one place, and what landed: pieces and paise, with the causes."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="totals")
    kind = models.CharField(max_length=12, choices=_KINDS)
    sku = models.CharField(max_length=60)
    location = models.CharField(max_length=40)  # a location's or, for sales, a territory's code
    source_rows = models.BigIntegerField(default=0)
    source_pieces = models.BigIntegerField(default=0)
    source_paise = models.BigIntegerField(default=0)
    landed_pieces = models.BigIntegerField(default=0)
    landed_paise = models.BigIntegerField(default=0)
    causes = models.JSONField(default=list)  # [{code, rows, pieces, paise}] that explain the difference

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "sku", "location"], name="import_total_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.sku}@{self.location}"


class ImportChange(models.Model):
    """One row of a table that a run made or changed: what undoing it needs."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="changes")
    table = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    before = models.JSONField(null=True)  # columns it changed as they were; None: the run made the row
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "table", "row_id"], name="import_change_once")]
        indexes = [models.Index(fields=["table", "row_id"], name="import_change_of_row")]  # later runs

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
