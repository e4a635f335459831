# The same attempts from R: one line `attack=GOT` for each that works. Arguments: none.
attempt <- function(name, try) {
  got <- tryCatch(isTRUE(suppressWarnings(try())), error = function(e) FALSE)
  cat(name, "=", if (got) "GOT" else "held", "\n", sep = "")
}
native <- list.files(file.path(R.home("library"), "stats", "libs"), pattern = "[.]so$", full.names = TRUE)[1]
load_from <- function(folder) {
  copy <- file.path(folder, "native.so")
  file.copy(native, copy) && inherits(dyn.load(copy), "DLLInfo")
}
run_from <- function(folder) {
  script <- file.path(folder, "script")
  writeLines(c("#!/bin/sh", "exit 0"), script)
  Sys.chmod(script, "0700")
  system(script, ignore.stdout = TRUE, ignore.stderr = TRUE) == 0
}

attempt("native:/out", function() load_from("/out"))
attempt("native:/tmp", function() load_from("/tmp"))
attempt("run:/out", function() run_from("/out"))
attempt("run:/tmp", function() run_from("/tmp"))
attempt("listen", function() inherits(serverSocket(45678L), "servsockconn"))
attempt("link", function() file.symlink("/etc/passwd", "/out/link"))
attempt("code", function() file.create("/code/planted.R"))
attempt("profile", function() file.create(file.path(R.home("etc"), "Rprofile.site")))
attempt("library", function() file.create(file.path(.libPaths()[1], "planted")))
attempt("kernel", function() length(readLines("/proc/version")) > 0)
