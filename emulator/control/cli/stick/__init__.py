"""`althan stick`: a module a command, what carries it out beside it (`NAME_run`), and its words (`NAME_text`)."""
