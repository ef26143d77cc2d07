"""Serve the gallery, or take its pictures.

python -m tests.dashboard.gallery                  serve on http://127.0.0.1:8095/ (PORT wins)
python -m tests.dashboard.gallery FOLDER [PAGE…]   screenshots at 390 and 1440 px, light and dark,
                                                   English and Hindi
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path


def main() -> int:
    """Start the server; with a folder, take pictures and say what the browser complained about."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.dashboard.gallery.settings"
    from tests.dashboard.gallery.server import serve

    if len(sys.argv) < 2:
        server = serve(int(os.environ.get("PORT", "8095")))
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
    from tests.dashboard.gallery.shots import take

    server = serve(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    complaints = take(f"http://127.0.0.1:{server.server_port}", Path(sys.argv[1]), sys.argv[2:])
    server.shutdown()
    sys.stdout.writelines(f"{complaint}\n" for complaint in complaints)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
