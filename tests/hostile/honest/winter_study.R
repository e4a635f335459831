# An ordinary study script of the kind that researchers publish: extract in, tables, models and figures out.
library(tidyverse)
library(survival)
library(data.table)
library(lme4)
library(parallel)

set.seed(2021)
people <- read_csv("output/people.csv", show_col_types = FALSE) |>
  mutate(
    band = cut(age, c(0, 40, 65, 120), labels = c("under 40", "40 to 64", "65 and over")),
    practice = factor(rep_len(1:20, n())),
    weeks = pmin(rexp(n(), 1 / 26), 52),
    admitted = as.integer(weeks < 20)
  )

people |>
  group_by(sex, band) |>
  summarise(people = 5 * round(n() / 5), admitted = 5 * round(sum(admitted) / 5), .groups = "drop") |>
  write_csv("output/table.csv")

wide <- people |>
  count(sex, band) |>
  pivot_wider(names_from = band, values_from = n)
fwrite(as.data.table(wide)[order(sex)], "output/wide.csv")

cox <- coxph(Surv(weeks, admitted) ~ age + sex, data = people)
mixed <- glmer(admitted ~ scale(age) + (1 | practice), data = people, family = binomial)
boot <- mclapply(1:8, function(i) mean(sample(people$age, replace = TRUE)), mc.cores = 2)
tibble(
  what = c("log hazard ratio for age", "fixed effect of age", "mean age"),
  value = round(c(coef(cox)[["age"]], fixef(mixed)[[2]], mean(unlist(boot))), 3)
) |> write_csv("output/models.csv")

figure <- ggplot(people, aes(age, fill = sex)) + geom_histogram(bins = 15) + facet_wrap(~sex)
ggsave("output/ages.png", figure, width = 5, height = 4)
pdf("output/survival.pdf")
plot(survfit(Surv(weeks, admitted) ~ sex, data = people))
invisible(dev.off())
