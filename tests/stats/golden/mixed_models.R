# Golden values of tests/stats/test_mixed_models.py: Rscript mixed_models.R FILE.csv ... > mixed_models.json
# Packages: ordinal (clmm), lme4 and lmerTest. Files have the columns rater, image, method, score.
suppressMessages({library(ordinal); library(lme4); library(lmerTest)})
number <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 12, format = "g"), collapse = ", "), "]")
ordinal_part <- function(d, link) {
  d$score <- factor(d$score, ordered = TRUE)
  m <- clmm(score ~ method + (1|rater) + (1|image) + (1|rater:method) + (1|image:method), data = d, link = link,
            control = clmm.control(gradTol = 1e-6, maxIter = 500, maxLineIter = 500))
  cuts <- nlevels(d$score) - 1
  sds <- sapply(c("rater", "image", "rater:method", "image:method"), function(g) sqrt(as.numeric(VarCorr(m)[[g]])))
  errors <- sqrt(diag(vcov(m)))[cuts + seq_len(nlevels(d$method) - 1)]
  sprintf('"%s": {"log_likelihood": %s, "thresholds": %s, "slopes": %s, "errors": %s, "sds": %s}', link,
          formatC(as.numeric(logLik(m)), digits = 12, format = "g"), number(m$alpha), number(m$beta), number(errors), number(sds))
}
linear_part <- function(d) {
  m <- lmer(score ~ method + (1|rater) + (1|image) + (1|rater:method) + (1|image:method) + (1|rater:image), data = d,
            control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
  v <- as.data.frame(VarCorr(m)); sds <- setNames(v$sdcor, v$grp)
  table <- summary(m, ddf = "Satterthwaite")$coefficients
  sprintf('"linear": {"criterion": %s, "slopes": %s, "errors": %s, "degrees": %s, "sds": %s}',
          formatC(as.numeric(REMLcrit(m)), digits = 12, format = "g"), number(table[-1, "Estimate"]), number(table[-1, "Std. Error"]),
          number(table[-1, "df"]),
          number(sds[c("rater", "image", "rater:method", "image:method", "rater:image", "Residual")]))
}
parts <- sapply(commandArgs(trailingOnly = TRUE), function(path) {
  d <- read.csv(path); for (v in c("rater", "image", "method")) d[[v]] <- factor(d[[v]])
  sprintf('"%s": {%s}', sub("\\.csv$", "", basename(path)),
          paste(c(ordinal_part(d, "logit"), ordinal_part(d, "probit"), linear_part(d)), collapse = ",\n  "))
})
cat("{\n", paste(parts, collapse = ",\n"), "\n}\n", sep = "")
