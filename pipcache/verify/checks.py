"""The checks: the code of each, what it means, and the verdict that it leads to."""

from collections.abc import Mapping
from enum import Enum, Flag, StrEnum, auto

from pipcache.archive.flaw import Defect


class Verdict(StrEnum):
    """What the checks of an artifact come to, worst first."""

    POISONED = "poisoned"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    INTACT = "intact"
    VERIFIED = "verified"


class Trait(Flag):
    """What the findings of a check have in common beside the verdict."""

    WHOLENESS = auto()  # a cut or a flipped bit can cause them, so the bytes may not be whole
    CONTENT = auto()  # the bytes alone show them, so a file may have been published like this
    DIGEST = auto()  # a promised digest differs: damaged where the bytes are not whole, else poisoned
    IDENTITY = auto()  # the artifact is another one than it should be: poisoned, whole or not
    PLACE = auto()  # they say where the flaw is, not who promised something
    DOUBT = auto()  # nothing weaker than a digest from outside the response verifies an artifact beside them
    STATUS = auto()  # they say what an index has done since, not what the bytes are
    LASTING = auto()  # whoever gets the file anew gets it with them


NO_TRAITS = Trait(0)


class Check(Enum):
    """A check; its name is its code.

    Attributes:
        leads_to: the verdict that a finding leads to, None for none; ``verdict.conclude`` says how several add up.
        sentence: what is wrong, for people.
        effect: what pip does about it, for people.
        traits: what ``verdict.conclude`` and the reports depend on.
    """

    def __init__(self, leads_to: Verdict | None, sentence: str, effect: str, traits: Trait = NO_TRAITS) -> None:
        self.leads_to = leads_to
        self.sentence = sentence
        self.effect = effect
        self.traits = traits

    # the stored response
    PC101 = (
        Verdict.DAMAGED,
        "The body has another length than Content-Length promised.",
        "pip serves it from the cache, and fails or refuses it by its hash, every time",
        Trait.WHOLENESS,
    )
    PC102 = (
        Verdict.DAMAGED,
        "The head has no body.",
        "pip 23.3.0 serves an empty file, every other pip downloads anew",
        Trait.WHOLENESS,
    )
    PC103 = (Verdict.DAMAGED, "The body has no head.", "no pip reads it", Trait.WHOLENESS)
    PC104 = (
        Verdict.DAMAGED,
        "No pip can use the head.",
        "pip downloads anew, or ends with a traceback when it reads or uses the head",
        Trait.WHOLENESS,
    )
    PC105 = (
        Verdict.DAMAGED,
        "The body does not decode to its end as Content-Encoding says.",
        "pip ends with an error, or finds no versions on an index page",
        Trait.WHOLENESS,
    )
    PC106 = (
        None,
        "The head stores credentials of the request.",
        "everyone who can read the cache can read them",
        Trait.PLACE,
    )
    PC107 = (
        Verdict.DAMAGED,
        "The index page ends early, or its JSON does not parse.",
        "pip finds no versions, or not all of them",
        Trait.WHOLENESS,
    )
    PC108 = (
        Verdict.DAMAGED,
        "The head belongs to another version of the page than the body.",
        "pip takes an old list of files for the new one, or ends with an error",
        Trait.WHOLENESS,
    )
    PC109 = (
        None,
        "Some pips cannot use the head, others can.",
        "some pips download anew or end with an error, others use it",
    )

    # what was promised of the bytes
    PC201 = (
        Verdict.POISONED,
        "The URL that the key proves holds another BLAKE2b-256.",
        "pip serves it from the cache; it refuses it only where the index page or a lock gives a hash",
        Trait.DIGEST,
    )
    PC202 = (
        Verdict.POISONED,
        "An index page promised another digest.",
        "pip refuses it by its hash, every time, and never downloads anew",
        Trait.DIGEST,
    )
    PC203 = (
        Verdict.DAMAGED,
        "An index page promised another size.",
        "pip refuses it by its hash where it has one",
        Trait.WHOLENESS,
    )
    PC204 = (Verdict.POISONED, "The URL holds another digest.", "pip serves it from the cache", Trait.DIGEST)
    PC205 = (
        Verdict.POISONED,
        "A header of the response promised another digest.",
        "pip serves it from the cache",
        Trait.DIGEST,
    )
    PC206 = (
        Verdict.POISONED,
        "A lock or requirements file has another digest for it.",
        "pip refuses it with that file, and takes it without",
        Trait.DIGEST,
    )
    PC207 = (
        None,
        "It has PyPI's headers, but neither its key nor its ETag matches its bytes.",
        "pip serves it from the cache; it refuses it only where the index page or a lock gives a hash",
    )
    PC208 = (
        Verdict.POISONED,
        "The metadata file is not what the index page promised.",
        "pip refuses it by its hash, every time",
        Trait.DIGEST,
    )

    PC209 = (
        Verdict.POISONED,
        "A wheel that was built from it records another digest of it.",
        "pip serves it from the cache",
        Trait.DIGEST,
    )

    PC210 = (
        None,
        "Index pages list a file of this name, but none of them lists its digest.",
        "pip refuses it by its hash if such a page led to it; it may be another index's file, or an older one",
        Trait.DOUBT,
    )

    # what it says it is
    PC301 = (
        Verdict.POISONED,
        "It is not what its name or its server says.",
        "pip takes it for the file, and fails, every time",
        Trait.CONTENT | Trait.IDENTITY,
    )
    PC302 = (
        Verdict.POISONED,
        "It is an index page of another project.",
        "pip finds no versions, or those of the other project",
        Trait.IDENTITY,
    )
    PC303 = (
        Verdict.POISONED,
        "Its names disagree.",
        "pip fails where the name inside is not the one asked for, or installs it under the wrong one",
        Trait.CONTENT | Trait.IDENTITY,
    )

    # the archive
    PC401 = (
        Verdict.DAMAGED,
        "The archive is cut short or its directory is broken.",
        "pip cannot open it",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC402 = (
        Verdict.DAMAGED,
        "A member's bytes are not those of its checksum.",
        "pip fails while it unpacks it",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC403 = (
        Verdict.POISONED,
        "It holds more than one archive, and readers disagree about which one to read.",
        "pip installs what zipfile sees; a scanner may have seen the other",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC404 = (
        Verdict.POISONED,
        "A member occurs twice, or has a name that readers cut short.",
        "pip installs one of them; a scanner may have seen the other",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC405 = (
        Verdict.POISONED,
        "A member's local header differs from the central directory.",
        "pip installs what the directory says; a scanner may have seen the other",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC406 = (
        Verdict.POISONED,
        "There are bytes before, between or after the members.",
        "pip passes over them; a scanner may not",
        Trait.WHOLENESS | Trait.CONTENT | Trait.PLACE,
    )
    PC407 = (
        Verdict.POISONED,
        "A member leads out of the folder that it is unpacked into, or is a device.",
        "pip refuses to unpack it, or an old pip writes where it leads",
        Trait.CONTENT | Trait.PLACE,
    )

    # RECORD
    PC501 = (
        Verdict.POISONED,
        "RECORD lists a member that is not there.",
        "pip installs the rest without a word",
        Trait.CONTENT | Trait.PLACE,
    )
    PC502 = (
        Verdict.POISONED,
        "A member's bytes are not those of its digest in RECORD.",
        "pip never checks it and installs them without a word",
        Trait.CONTENT | Trait.PLACE,
    )
    PC503 = (
        Verdict.POISONED,
        "A member is not in RECORD.",
        "pip never checks it and installs the member without a word",
        Trait.CONTENT | Trait.PLACE,
    )
    PC504 = (
        Verdict.DAMAGED,
        "RECORD is missing, or cannot be read as one.",
        "pip refuses to install it",
        Trait.CONTENT | Trait.PLACE,
    )
    PC505 = (
        Verdict.DAMAGED,
        "Something that every pip needs to install it is missing, or is not text.",
        "every pip refuses to install it",
        Trait.CONTENT | Trait.PLACE,
    )
    PC506 = (
        Verdict.POISONED,
        "No pip installs an archive that is packed this way.",
        "every pip refuses to install it, or fails meanwhile",
        Trait.CONTENT | Trait.PLACE,
    )
    PC507 = (
        None,
        "Some pips refuse to install it.",
        "pip refuses to install it, or fails meanwhile, in the versions named",
        Trait.CONTENT | Trait.PLACE,
    )
    PC508 = (
        Verdict.POISONED,
        "RECORD has no digest of a member that can be computed.",
        "pip never checks it and installs the member without a word",
        Trait.CONTENT | Trait.PLACE,
    )
    PC509 = (
        None,
        "METADATA and the cached .metadata file of the wheel disagree.",
        "pip since 26 refuses to install it; older pips choose by the one and install the other",
        Trait.CONTENT | Trait.PLACE,
    )

    # what pip built
    PC601 = (
        Verdict.POISONED,
        "The folder's key does not match its origin.json, and no password in the URL explains that.",
        "pip may take it for another source's wheel",
    )
    PC602 = (
        Verdict.POISONED,
        "The cached source, which is verified, has another digest than origin.json records.",
        "pip takes the wheel without asking for the source",
    )
    PC603 = (
        None,
        "It was built from a local directory, which may have changed since (pip before 26.2).",
        "pip installs what the directory held when it was built",
    )
    PC604 = (
        None,
        "It was built from a local archive that has changed since.",
        "pip installs what the archive held when it was built",
    )

    # what an index says by now: of a page, and of a file
    PC701 = (
        None,
        "The page is not the one that the index gave out, although the index says that it is unchanged.",
        "pip uses the altered list of files until the index changes the page",
        Trait.STATUS,
    )
    PC702 = (
        None,
        "The index has a newer page.",
        "pip chooses from the old list of files as long as it takes the page for fresh",
        Trait.STATUS,
    )
    PC703 = (
        None,
        "The index gave out an older page after a newer page.",
        "pip finds other versions each time, depending on which server of the index answers",
        Trait.STATUS,
    )
    PC704 = (
        None,
        "Two pages of the same state of the project list different files.",
        "pip finds other versions each time, depending on which page it gets",
        Trait.STATUS,
    )
    PC705 = (
        None,
        "The index no longer has the project.",
        "pip uses the page as long as it takes it for fresh, and then finds no versions",
        Trait.STATUS,
    )
    PC706 = (
        None,
        "The index has put the project in quarantine.",
        "pip finds no files of it there, but takes them from the cache where a lock or a URL leads to them",
        Trait.STATUS,
    )
    PC711 = (
        None,
        "The index no longer lists it: it was deleted, or put in quarantine.",
        "pip takes it from the cache where a lock, a URL or an old page leads to it",
        Trait.STATUS,
    )
    PC712 = (
        None,
        "The file was yanked.",
        "pip takes it only where a requirement pins this version",
        Trait.STATUS | Trait.LASTING,
    )
    PC713 = (
        None,
        "The index lists other bytes under its name than it did.",
        "pip refuses it by the hash of the new page, or downloads the new file",
        Trait.STATUS,
    )
    PC714 = (
        Verdict.POISONED,
        "The index lists another digest for its URL, and nothing else vouches for its bytes.",
        "pip refuses it by its hash as soon as it has the new page",
        Trait.DIGEST,
    )

    @property
    def code(self) -> str:
        """The code, which never changes."""
        return self.name


def checks_named(prefix: str) -> frozenset[Check]:
    """Return the checks whose codes begin with ``prefix``: a code, or a group such as PC2."""
    start = prefix.upper()
    return frozenset(check for check in Check if start and check.code.startswith(start))


CHECK_OF_DEFECT: Mapping[Defect, Check] = {
    Defect.TRUNCATED: Check.PC401,
    Defect.CHECKSUM: Check.PC402,
    Defect.AMBIGUOUS: Check.PC403,
    Defect.DUPLICATE: Check.PC404,
    Defect.HEADER: Check.PC405,
    Defect.SLACK: Check.PC406,
    Defect.RECORD_MISSING: Check.PC501,
    Defect.RECORD_DIGEST: Check.PC502,
    Defect.RECORD_UNLISTED: Check.PC503,
    Defect.RECORD_WITHOUT_DIGEST: Check.PC508,
    Defect.NO_RECORD: Check.PC504,
    Defect.CLIMBS: Check.PC407,
    Defect.INCOMPLETE: Check.PC505,
    Defect.REFUSED: Check.PC506,
    Defect.REFUSED_BY_SOME: Check.PC507,
}
"""The check that reports each defect of an archive but ``UNREADABLE``, which is none of the archive."""
