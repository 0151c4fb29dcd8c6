"""``python -m zmqbind.log``."""

import argparse
import sys

from zmqbind.log import watcher

parser = argparse.ArgumentParser(prog="python -m zmqbind.log", description=watcher.DESCRIPTION, allow_abbrev=False)
watcher.add_arguments(parser)
sys.exit(watcher.watch(parser.parse_args()))
