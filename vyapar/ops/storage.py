"""How static files are kept: under far-future names, gzipped."""

from __future__ import annotations

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class GzipManifestStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage without Brotli: its densest level takes minutes at the first start and
    saves a tenth of what gzip leaves."""

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**{**options, "use_brotli": False})
