# Golden values of tests/stats/test_drift.py: Rscript drift.R drift.csv > drift.json
# Packages: lme4 and lmerTest. The file has the columns rater, image, method, trial, score.
suppressMessages({library(lme4); library(lmerTest)})
number <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 12, format = "g"), collapse = ", "), "]")
d <- read.csv(commandArgs(trailingOnly = TRUE)[1]); for (v in c("rater", "image", "method")) d[[v]] <- factor(d[[v]])
d$place <- (d$trial - 1) / (max(d$trial) - 1) - 0.5
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))
m <- lmer(score ~ 0 + method + place + (1|rater) + (1|image) + (1|rater:method) + (1|image:method) + (0 + place|rater), data = d, control = control)
without <- lmer(score ~ 0 + method + place + (1|rater) + (1|image) + (1|rater:method) + (1|image:method), data = d, control = control)
v <- as.data.frame(VarCorr(m)); row <- summary(m, ddf = "Satterthwaite")$coefficients["place", ]
cat(sprintf('{"criterion": %s, "ratio": %s, "trend": %s, "error": %s, "degrees": %s, "sd": %s, "raters": %s}\n', number(REMLcrit(m)),
  number(REMLcrit(without) - REMLcrit(m)), number(row["Estimate"]), number(row["Std. Error"]), number(row["df"]),
  number(v$sdcor[which(v$var1 == "place")]), number(coef(m)$rater[, "place"])))
