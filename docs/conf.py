"""The site: ``sphinx-build -W --keep-going docs build/site``. Nothing is fetched from the net."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Spikeloom"
author = "The Spikeloom developers"
release = version = version_of("spikeloom")
# No year of today: the same sources make the same site.
copyright = "The Spikeloom developers, Apache-2.0"

extensions = [
    "myst_nb",  # Markdown, and notebooks that are run by the build
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "repository_pages",  # pages outside this folder, and links to them
    "api_pages",  # a page for each public package
    "error_table",  # all errors and what they mean
    "command_help",  # what `spikeloom COMMAND --help` prints
]
exclude_patterns = ["_ext", "boards.json"]

# Markdown
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4  # links to headings as GitHub makes them
highlight_language = "text"  # of blocks that name none

# Notebooks are stored without outputs and run at every build, so that none can be stale.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_execution_show_tb = True

# API
nitpicky = True  # whatever of ours is named must exist; types of others have no pages here
nitpick_ignore_regex = [("py:.*", r"(?!spikeloom\.).*")]
suppress_warnings = ["ref.python"]  # `neurons` may mean several things; the nearest will do
default_role = "py:obj"  # `Name` in docstrings is a link where there is such a thing
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_preprocess_types = False

# Looks
html_theme = "furo"
html_title = "Spikeloom"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
