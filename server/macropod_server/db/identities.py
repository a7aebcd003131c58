"""Who people are at other providers."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from macropod_server.db.tables import OutsideIdentity, User


def find(session: Session, issuer: str, subject: str) -> OutsideIdentity | None:
    return session.get(OutsideIdentity, (issuer, subject))


def has_one_of(session: Session, user_id: str, *, issuer: str) -> bool:
    is_its = (OutsideIdentity.user_id == user_id, OutsideIdentity.issuer == issuer)
    return session.exec(select(OutsideIdentity.subject).where(*is_its).limit(1)).first() is not None


def use(session: Session, found: OutsideIdentity, *, email: str, now: datetime) -> None:
    is_its = (col(OutsideIdentity.issuer) == found.issuer, col(OutsideIdentity.subject) == found.subject)
    session.execute(update(OutsideIdentity).where(*is_its).values(email=email, last_used_at=now))


def link(session: Session, user: User, *, issuer: str, subject: str, now: datetime) -> None:
    own = OutsideIdentity(
        issuer=issuer, subject=subject, user_id=user.id, email=user.email, created_at=now, last_used_at=now
    )
    session.add(own)
