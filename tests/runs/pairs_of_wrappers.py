"""Functions behind objects of decorators: what is edited is the decorator, or what it is given."""

# ruff: noqa: E501 - each pair is a row of a table
from __future__ import annotations

#: A name, a module that makes ``v`` where ``@@`` stands for what is edited, before and after.
Pair = tuple[str, str, str, str]

OF_WRAPT: tuple[Pair, ...] = (
    ('wrapt_dec', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return wrapped(*args, **kwargs) + @@\n@d\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_fn', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return wrapped(*args, **kwargs)\n@d\ndef v(x):\n    return x + @@', '1', '2'),
    ('wrapt_closure', 'import wrapt\ndef mk(n):\n    @wrapt.decorator\n    def d(wrapped, instance, args, kwargs):\n        return wrapped(*args, **kwargs) + n\n    return d\n@mk(@@)\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_helper', 'import wrapt\ndef h():\n    return @@\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return wrapped(*args, **kwargs) + h()\n@d\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_enabled', 'import wrapt\n@wrapt.decorator(enabled=@@)\ndef d(wrapped, instance, args, kwargs):\n    return 1\n@d\ndef v(x):\n    return x', 'True', 'False'),
    ('wrapt_enabled_fn', 'import wrapt\n@wrapt.decorator(enabled=lambda: @@)\ndef d(wrapped, instance, args, kwargs):\n    return 1\n@d\ndef v(x):\n    return x', 'True', 'False'),
    ('wrapt_adapter', 'import wrapt\ndef ad(x, y=@@): pass\n@wrapt.decorator(adapter=ad)\ndef d(wrapped, instance, args, kwargs):\n    return 1\n@d\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_sub', 'import wrapt\nclass P(wrapt.ObjectProxy):\n    def __call__(self, *a):\n        return self.__wrapped__(*a) + @@\n@P\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_sub_arg', 'import wrapt\nclass P(wrapt.ObjectProxy):\n    def __init__(self, w, n):\n        super().__init__(w)\n        self._self_n = n\n    def __call__(self, *a):\n        return self.__wrapped__(*a) + self._self_n\ndef f(x):\n    return x\nv = P(f, @@)', '1', '2'),
    ('wrapt_sub_wrapped', 'import wrapt\nclass P(wrapt.CallableObjectProxy):\n    pass\n@P\ndef v(x):\n    return x + @@', '1', '2'),
    ('wrapt_fw', 'import wrapt\ndef w(wrapped, instance, args, kwargs):\n    return @@\ndef f(x):\n    return x\nv = wrapt.FunctionWrapper(f, w)', '1', '2'),
    ('wrapt_fw_sub', 'import wrapt\nclass W(wrapt.FunctionWrapper):\n    def __call__(self, *a):\n        return @@\ndef w(wrapped, instance, args, kwargs):\n    return 1\ndef f(x):\n    return x\nv = W(f, w)', '1', '2'),
    ('wrapt_method', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return @@\nclass A:\n    @d\n    def m(self):\n        return 1\nv = A', '1', '2'),
    ('wrapt_bound', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return @@\nclass A:\n    @d\n    def m(self):\n        return 1\nv = A().m', '1', '2'),
    ('wrapt_bound_self', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return 1\nclass A:\n    def __init__(self, n):\n        self.n = n\n    @d\n    def m(self):\n        return 1\nv = A(@@).m', '1', '2'),
    ('wrapt_cls', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return @@\n@d\nclass v:\n    pass', '1', '2'),
    ('wrapt_cls2', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return 1\n@d\nclass v:\n    x = @@', '1', '2'),
    ('wrapt_partial', 'import wrapt\ndef f(x):\n    return x\nv = wrapt.PartialCallableObjectProxy(f, @@)', '1', '2'),
    ('wrapt_sync', 'import wrapt\n@wrapt.synchronized\ndef v(x):\n    return @@', '1', '2'),
    ('wrapt_transient', "import wrapt\n@wrapt.transient_function_wrapper('os', 'getcwd')\ndef v(wrapped, instance, args, kwargs):\n    return @@", '1', '2'),
    ('wrapt_lru', 'import wrapt\n@wrapt.lru_cache(maxsize=@@)\ndef v(x):\n    return x', '1', '2'),
    ('wrapt_stack', 'import wrapt\n@wrapt.decorator\ndef d(wrapped, instance, args, kwargs):\n    return @@\n@wrapt.decorator\ndef e(wrapped, instance, args, kwargs):\n    return 3\n@d\n@e\ndef v(x):\n    return x', '1', '2'),
)  # fmt: skip

OF_CACHES: tuple[Pair, ...] = (
    ('jb_fn', "import joblib\nmem = joblib.Memory('kept', verbose=0)\n@mem.cache\ndef v(x):\n    return @@", '1', '2'),
    ('jb_ignore', "import joblib\nmem = joblib.Memory('kept', verbose=0)\n@mem.cache(ignore=@@)\ndef v(x, y):\n    return 1", "['x']", "['y']"),
    ('jb_cb', "import joblib\nmem = joblib.Memory('kept', verbose=0)\ndef cb(m):\n    return @@\n@mem.cache(cache_validation_callback=cb)\ndef v(x, y):\n    return 1", '1', '2'),
    ('jb_mmap', "import joblib\nmem = joblib.Memory('kept', verbose=0)\n@mem.cache(mmap_mode=@@)\ndef v(x, y):\n    return 1", "'r'", "'c'"),
    ('jb_delayed', 'import joblib\n@joblib.delayed\ndef v(x):\n    return @@', '1', '2'),
    ('jb_parallel', 'import joblib\nv = joblib.Parallel(n_jobs=@@)', '1', '2'),
    ('jb_none', 'import joblib\nmem = joblib.Memory(None)\n@mem.cache\ndef v(x):\n    return @@', '1', '2'),
    ('ct_fn', 'import cachetools, threading\n@cachetools.cached({})\ndef v(x):\n    return @@', '1', '2'),
    ('ct_key', 'import cachetools, threading\n@cachetools.cached({}, key=lambda x: @@)\ndef v(x):\n    return 1', '1', '2'),
    ('ct_key2', 'import cachetools, threading\nimport cachetools.keys\n@cachetools.cached({}, key=@@)\ndef v(x):\n    return 1', 'cachetools.keys.hashkey', 'cachetools.keys.typedkey'),
    ('ct_size', 'import cachetools, threading\n@cachetools.cached(cachetools.LRUCache(@@))\ndef v(x):\n    return 1', '1', '2'),
    ('ct_type', 'import cachetools, threading\n@cachetools.cached(cachetools.@@(3))\ndef v(x):\n    return 1', 'LRUCache', 'LFUCache'),
    ('ct_ttl', 'import cachetools, threading\n@cachetools.cached(cachetools.TTLCache(3, @@))\ndef v(x):\n    return 1', '1', '2'),
    ('ct_lock', 'import cachetools, threading\n@cachetools.cached({}, lock=threading.Lock())\ndef v(x):\n    return @@', '1', '2'),
    ('ct_getsizeof', 'import cachetools, threading\n@cachetools.cached(cachetools.LRUCache(9, getsizeof=lambda x: @@))\ndef v(x):\n    return 1', '1', '2'),
    ('ct_info', 'import cachetools, threading\n@cachetools.cached({}, info=True)\ndef v(x):\n    return @@', '1', '2'),
    ('ct_method', 'import cachetools, threading\nclass A:\n    def __init__(self):\n        self.c = {}\n    @cachetools.cachedmethod(lambda s: s.c, key=lambda *a: @@)\n    def f(self):\n        return 1\nv = A', '1', '2'),
    ('ct_method2', 'import cachetools, threading\nclass A:\n    def __init__(self):\n        self.c = {}\n    @cachetools.cachedmethod(lambda s: s.c)\n    def f(self):\n        return @@\nv = A', '1', '2'),
    ('ct_func', 'import cachetools, threading\nimport cachetools.func\n@cachetools.func.ttl_cache(maxsize=@@)\ndef v(x):\n    return 1', '1', '2'),
    ('ct_cache', 'import cachetools, threading\n\nv = @@', 'cachetools.LRUCache(1)', 'cachetools.LRUCache(2)'),
)  # fmt: skip

OF_NUMBA: tuple[Pair, ...] = (
    ('nb_fn', 'import numba\n@numba.njit\ndef v(x):\n    return x + @@', '1', '2'),
    ('nb_parallel', 'import numba\n@numba.njit(@@)\ndef v(x):\n    return x', 'parallel=True', 'parallel=False'),
    ('nb_fastmath', 'import numba\n@numba.njit(@@)\ndef v(x):\n    return x', 'fastmath=True', 'fastmath=False'),
    ('nb_fastmath_set', 'import numba\n@numba.njit(@@)\ndef v(x):\n    return x', "fastmath={'nnan', 'ninf'}", "fastmath={'nnan', 'nsz'}"),
    ('nb_err', 'import numba\n@numba.njit(@@)\ndef v(x):\n    return x', "error_model='numpy'", "error_model='python'"),
    ('nb_bounds', 'import numba\n@numba.njit(@@)\ndef v(x):\n    return x', 'boundscheck=True', 'boundscheck=False'),
    ('nb_locals', "import numba\n@numba.njit(locals={'y': @@})\ndef v(x):\n    y = x\n    return y", 'numba.float32', 'numba.float64'),
    ('nb_helper', 'import numba\n@numba.njit\ndef h():\n    return @@\n@numba.njit\ndef v(x):\n    return x + h()', '1', '2'),
    ('nb_vec', 'import numba\n@numba.vectorize\ndef v(x):\n    return x + @@', '1', '2'),
    ('nb_type', 'import numba\n\nv = @@', 'numba.float64', 'numba.float32'),
)  # fmt: skip
