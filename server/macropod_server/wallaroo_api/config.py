"""What a client asks first, before it has a token."""

from fastapi import APIRouter
from pydantic import BaseModel

from macropod_server.wallaroo_api.refusals import WallarooRoute

router = APIRouter(prefix="/v1/api", route_class=WallarooRoute)


class Config(BaseModel):
    default_arch: str = "x86"


@router.get("/config")
async def config() -> Config:
    return Config()
