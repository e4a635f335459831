# Every package of the `r` image does a small piece of its own work, and says its name. Run in a box.
suppressPackageStartupMessages(library(tidyverse))
set.seed(7)
people <- tibble::tibble(
  sex = rep(c("F", "M"), 200), age = sample(18:94, 400, TRUE), practice = rep(1:20, 20),
  weeks = rexp(400, 1 / 20), died = sample(0:1, 400, TRUE)
)
use <- list(
  tidyverse = function() stopifnot("tidyverse" %in% loadedNamespaces()),
  tibble = function() stopifnot(nrow(people) == 400),
  readr = function() {
    readr::write_csv(people, "/out/people.csv")
    stopifnot(nrow(readr::read_csv("/out/people.csv", show_col_types = FALSE)) == 400)
  },
  dplyr = function() stopifnot(identical(dplyr::count(people, sex)$n, c(200L, 200L))),
  tidyr = function() stopifnot(ncol(tidyr::pivot_wider(dplyr::count(people, sex), names_from = sex, values_from = n)) == 2),
  purrr = function() stopifnot(purrr::map_dbl(1:3, ~ .x * 2) == c(2, 4, 6)),
  stringr = function() stopifnot(stringr::str_detect("covid", "cov")),
  forcats = function() stopifnot(levels(forcats::fct_rev(factor(c("a", "b")))) == c("b", "a")),
  lubridate = function() stopifnot(lubridate::year(lubridate::ymd("2021-03-23")) == 2021),
  ggplot2 = function() {
    figure <- ggplot2::ggplot(people, ggplot2::aes(age, fill = sex)) + ggplot2::geom_histogram(bins = 10)
    ggplot2::ggsave("/out/ages.png", figure, width = 4, height = 3)
    ggplot2::ggsave("/out/ages.svg", figure, width = 4, height = 3, device = grDevices::svg)
    ggplot2::ggsave("/out/ages.pdf", figure, width = 4, height = 3)
  },
  survival = function() {
    model <- survival::coxph(survival::Surv(weeks, died) ~ age + sex, data = people)
    stopifnot(length(coef(model)) == 2)
  },
  broom = function() stopifnot(nrow(broom::tidy(lm(weeks ~ age, people))) == 2),
  data.table = function() {
    table <- data.table::fread("/out/people.csv")
    stopifnot(sum(table[, .N, by = sex]$N) == 400)
  },
  lme4 = function() {
    model <- suppressMessages(lme4::lmer(weeks ~ age + (1 | practice), people))
    stopifnot(length(lme4::fixef(model)) == 2)
  },
  mass = function() stopifnot(length(coef(MASS::glm.nb(round(weeks) ~ age, people))) == 2),
  dbi = function() stopifnot(methods::existsMethod("dbCanConnect", "DBIDriver") || isNamespaceLoaded("DBI") || requireNamespace("DBI")),
  rsqlite = function() {
    memory <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
    DBI::dbWriteTable(memory, "people", as.data.frame(people))
    stopifnot(DBI::dbGetQuery(memory, "select count(*) as n from people")$n == 400)
    DBI::dbDisconnect(memory)
  },
  jsonlite = function() stopifnot(jsonlite::fromJSON("[1, 2]") == 1:2)
)
for (name in names(use)) {
  use[[name]]()
  cat(name, "\n", sep = "")
}
