"""The data catalog on disk: its layout, writing, proving and publishing a dataset."""
