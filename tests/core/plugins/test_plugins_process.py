"""Importing a plugin changes no number of a run that does not use it."""

import logging
import os
import random
import signal
import subprocess
import sys
import warnings
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import torch

from detente.plugins.loader import Installed, load
from detente.plugins.process import unchanged
from detente.plugins.registry import Origin

MEDDLING = {
    "torch.set_default_dtype(torch.float64)": "default dtype",
    "torch.set_default_device('meta')": "default device",
    "torch.set_float32_matmul_precision('medium')": "precision of matrix products",
    "torch.set_grad_enabled(False)": "gradient mode",
    "torch.use_deterministic_algorithms(True)": "deterministic algorithms",
    "torch.backends.cudnn.benchmark = True": "cuDNN's benchmark mode",
    "torch.manual_seed(3)": "torch's random numbers",
    "random.seed(3)": "Python's random numbers",
    "np.random.seed(3)": "NumPy's random numbers",
    "os.chdir('/')": "working directory",
    "torch.autocast('cpu').__enter__()": "autocast on CPUs",
    "torch.set_flush_denormal(True)": "denormal numbers",
    "torch.autograd.set_detect_anomaly(True)": "search for anomalies",
    "torch.set_num_threads(3)": "number of threads",
    "torch.backends.mkldnn.enabled = False": "kernels (mkldnn)",
    "torch.backends.mkldnn.matmul.fp32_precision = 'bf16'": "precision of matrix products (mkldnn)",
    "torch.backends.cudnn.allow_tf32 = False": "precision of matrix products (cudnn conv)",
    "torch.backends.cuda.enable_flash_sdp(False)": "kernels (flash attention)",
    "torch.backends.cuda.enable_math_sdp(False)": "kernels (plain attention)",
    "torch.backends.nnpack.set_flags(False)": "kernels (nnpack)",
    "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False": "sums in half precision",
    "np.seterr(all='raise')": "what NumPy does at errors",
    "import sys, io; sys.stderr = io.StringIO()": "standard error",
    "import logging; logging.disable(logging.CRITICAL)": "what logging leaves out",
    "import warnings; warnings.simplefilter('ignore')": "which warnings are shown",
    "import warnings; warnings.filterwarnings('error', category=UserWarning)": "which warnings are shown",
    "import warnings; warnings.resetwarnings()": "which warnings are shown",
    "os.environ['CUBLAS_WORKSPACE_CONFIG'] = ':16:8'": "the environment",
    "os.environ['PATH'] = ''": "the environment",
    "os.environ.pop('PATH')": "the environment",
    "os.umask(0)": "umask",
    "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)": "what happens at signals",
    "import signal; signal.signal(signal.SIGTERM, print)": "what happens at signals",
    "import sys; sys.excepthook = print": "what happens at uncaught errors",
    "torch.nn.modules.module.register_module_forward_hook(print)": "hooks on all modules",
    "torch.nn.modules.module.register_module_full_backward_hook(print)": "hooks on all modules",
    "torch.nn.modules.module.register_module_parameter_registration_hook(print)": "hooks on all modules",
    "from torch.optim import optimizer as o; o.register_optimizer_step_post_hook(print)": "or optimizers",
}

if torch.backends.opt_einsum.is_available():  # a package that torch uses where it is installed
    MEDDLING["torch.backends.opt_einsum.enabled = False"] = "order of products in einsum"
    MEDDLING["torch.backends.opt_einsum.strategy = 'greedy'"] = "search for an order of products"


def state() -> list:
    return [
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.get_float32_matmul_precision(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
        torch.default_generator.get_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002 - the global generator is what is watched
        os.getcwd(),
        torch.is_autocast_enabled("cpu"),
        (torch.tensor([1e-39]) * 1).item(),
        torch.is_anomaly_enabled(),
        torch.get_num_threads(),
        torch.backends.mkldnn.enabled,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.flash_sdp_enabled(),
        torch.backends.cuda.math_sdp_enabled(),
        torch.backends.opt_einsum.enabled,
        torch.backends.opt_einsum.strategy,
        torch._C._get_nnpack_enabled(),
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        np.geterr(),
        sys.stderr,
        logging.root.manager.disable,
        [one for one in warnings.filters if one[2].__module__ == "builtins"],
        {k: v for k, v in os.environ.items() if k != "TORCHINDUCTOR_CACHE_DIR"},  # which torch sets for itself
        os.umask(os.umask(0o022)),
        [signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGTERM)],
        sys.excepthook,
        [len(hooks) for name, hooks in vars(torch.nn.modules.module).items() if name.endswith("_hooks")],
        len(sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks),
    ]


@pytest.mark.parametrize("line", MEDDLING)
def test_a_plugin_that_changes_the_process_is_named_and_its_change_is_put_back(line, tmp_path, monkeypatch, caplog):
    (tmp_path / "meddling.py").write_text(
        f"import os, random\nimport numpy as np\nimport torch\nfrom detente import hookimpl\n{line}\n\n"
        "@hookimpl\ndef detente_run_started(run): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "meddling", raising=False)
    before = state()
    with caplog.at_level(logging.WARNING):
        found = load(Installed(Origin("busy", "meddler", "1.0"), EntryPoint("busy", "meddling", "detente")))
    assert found.status == "ok" and state() == before
    (record,) = caplog.records
    assert "'busy'" in record.message and "meddler" in record.message and MEDDLING[line] in record.message
    monkeypatch.delitem(sys.modules, "meddling", raising=False)


@pytest.mark.parametrize(
    "line",
    [
        "warnings.filterwarnings('ignore', message='mine')",
        "warnings.filterwarnings('ignore', module='mine')",
        "os.environ.setdefault('KMP_INIT_AT_FORK', 'FALSE')",
    ],
)
def test_what_many_packages_do_for_themselves_is_left_to_them(line, caplog, monkeypatch):
    monkeypatch.delenv("KMP_INIT_AT_FORK", raising=False)
    with caplog.at_level(logging.WARNING), unchanged("somebody"):
        exec(line)
    assert caplog.records == []
    monkeypatch.delenv("KMP_INIT_AT_FORK", raising=False)


def test_a_filter_of_its_own_stays_where_one_of_everything_goes():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        with unchanged("somebody"):
            warnings.filterwarnings("ignore", message="mine")
            warnings.simplefilter("error")
        with warnings.catch_warnings(record=True) as seen:
            warnings.warn("mine", stacklevel=1)
        assert seen == [] and warnings.filters[0][:2] == ("ignore", warnings.filters[0][1])


def test_a_plugin_that_changes_nothing_is_not_named(caplog):
    with caplog.at_level(logging.WARNING), unchanged("nobody"):
        torch.randn(2, generator=torch.Generator())
    assert caplog.records == []


def test_what_a_plugin_does_before_it_fails_is_put_back_too():
    before = torch.get_default_dtype()

    def fail() -> None:
        with unchanged("somebody"):
            torch.set_default_dtype(torch.float64)
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        fail()
    assert torch.get_default_dtype() is before


@pytest.mark.slow
def test_torch_that_only_the_plugin_imports_is_compared_with_a_fresh_one():
    code = (
        "import sys\nfrom detente.plugins.process import unchanged\nassert 'torch' not in sys.modules\n"
        "with unchanged('somebody'):\n    import torch\n    torch.set_default_dtype(torch.float64)\n"
        "    torch.set_default_device('meta')\n"
        "assert torch.get_default_dtype() is torch.float32 and torch.ones(1).device.type == 'cpu'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "somebody changed torch's default dtype, torch's default device" in done.stderr
