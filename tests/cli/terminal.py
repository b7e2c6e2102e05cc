"""Runs a command in a terminal of its own; types something once the screen shows a text.

Arguments: the text to wait for, what to type, one character each 0.6 seconds, and the command. What
the screen shows goes to standard output.
"""

import os
import pty
import select
import sys
import time

wanted, typed, *command = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    os.execvp(command[0], command)
screen, due = b"", None
while True:
    if due is None and wanted.encode() in screen:
        due = time.monotonic()
    if due is not None and typed and time.monotonic() >= due:
        os.write(terminal, typed[0].encode())
        typed, due = typed[1:], due + 0.6
    if not select.select([terminal], [], [], 0.05)[0]:
        continue
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # Linux' way to say that the terminal is closed
        break
    if not piece:
        break
    screen += piece
sys.stdout.buffer.write(screen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
