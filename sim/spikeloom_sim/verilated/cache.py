"""Folders of built things; shared with everything else that is built."""

from spikeloom.build_cache import cache_root, cached_folder, content_key

__all__ = ["cache_root", "cached_folder", "content_key"]
