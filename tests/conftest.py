"""One thread for linear algebra: these matrices are small, and other tests run beside these."""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
