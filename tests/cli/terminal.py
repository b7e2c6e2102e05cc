"""Runs a command in a terminal of its own; types something once the screen shows a text.

Arguments: the text to wait for, what to type, the command. The screen goes to standard output.
"""

import os
import pty
import sys

wanted, typed, *command = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    os.execvp(command[0], command)
screen = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # Linux' way to say that the terminal is closed
        break
    if not piece:
        break
    screen += piece
    if typed and wanted.encode() in screen:
        os.write(terminal, typed.encode())
        typed = ""
sys.stdout.buffer.write(screen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
