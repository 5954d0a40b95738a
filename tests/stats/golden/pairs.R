# Golden values of tests/stats/test_pairs.py: Rscript pairs.R pairs_ties.csv > pairs.json
# Packages: ordinal (clm, clmm), lme4 and BradleyTerry2. The file has the columns rater, image, left, right, score.
suppressMessages({library(ordinal); library(lme4); library(BradleyTerry2)})
number <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 12, format = "g"), collapse = ", "), "]")
part <- function(name, fields) sprintf('"%s": {%s}', name, paste(sprintf('"%s": %s', names(fields), sapply(fields, number)), collapse = ", "))
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
methods <- sort(unique(c(d$left, d$right)))
signed <- function(d) sapply(methods[-1], function(m) (d$left == m) - (d$right == m))

# Two thresholds lie as far from minus the constant effect (a lean, or a difference of two methods) as ties reach.
middle <- function(m) { v <- vcov(m)[1:2, 1:2]; list(at = -mean(m$alpha), error = sqrt(sum(v)) / 2, tie = diff(m$alpha) / 2) }
# Ties, no random effects: a cumulative link.
ties <- function(link) {
  e <- cbind(d, signed(d)); e$answer <- factor(-e$score, ordered = TRUE)
  m <- clm(as.formula(paste("answer ~", paste(methods[-1], collapse = "+"))), data = e, link = link,
           control = clm.control(gradTol = 1e-9))
  v <- sqrt(diag(vcov(m)))
  list(log_likelihood = logLik(m), slopes = m$beta, errors = tail(v, length(m$beta)), lean = middle(m)$at,
       lean_error = middle(m)$error, tie = middle(m)$tie)
}
# Two methods, ties and random effects: their difference is one intercept, a taste of sd s one of sd s * sqrt(2).
two <- function(link) {
  e <- d[d$left %in% methods[1:2] & d$right %in% methods[1:2], ]
  side <- ifelse(e$left == methods[2], 1, -1)
  e$side <- side; e$answer <- factor(-side * (e$score - 1.5), ordered = TRUE)
  m <- clmm(answer ~ side + (1|rater) + (1|image), data = e, link = link,
            control = clmm.control(gradTol = 1e-6, maxIter = 500, maxLineIter = 500))
  v <- sqrt(diag(vcov(m)))
  list(log_likelihood = logLik(m), slopes = middle(m)$at, errors = middle(m)$error, lean = m$beta, lean_error = v[3], tie = middle(m)$tie,
       sds = sapply(c("rater", "image"), function(g) sqrt(as.numeric(VarCorr(m)[[g]]))) / sqrt(2))
}
# No ties, random effects that are differences of two levels: lme4's steps, with the matrix of random effects put in.
# With the probit glmer weighs by expected curvature, which is another approximation, and its errors take the sds as known.
mixed <- function(link) {
  e <- d[d$score != 1.5, ]; x <- signed(e); e <- cbind(e, x); e$won <- as.integer(e$score == 1)
  levels <- c(outer(methods, sort(unique(e$rater)), paste)); own <- c(outer(methods, sort(unique(e$image)), paste))
  e$taste <- factor(rep_len(levels, nrow(e)), levels = levels); e$suit <- factor(rep_len(own, nrow(e)), levels = own)
  f <- glFormula(as.formula(paste("won ~", paste(methods[-1], collapse = "+"), "+ (1|taste) + (1|suit)")), data = e,
                 family = binomial(link))
  difference <- function(by, names) {
    z <- matrix(0, nrow(e), length(names), dimnames = list(NULL, names))
    z[cbind(seq_len(nrow(e)), match(paste(e$left, by), names))] <- 1
    z[cbind(seq_len(nrow(e)), match(paste(e$right, by), names))] <- -1
    t(z)
  }
  blocks <- list(taste = difference(e$rater, levels), suit = difference(e$image, own))
  f$reTrms$Zt <- as(do.call(rbind, blocks[names(f$reTrms$cnms)]), "dgCMatrix")
  fun <- do.call(mkGlmerDevfun, c(f, list(control = glmerControl(tolPwrss = 1e-12)))); o <- optimizeGlmer(fun); fun <- updateGlmerDevfun(fun, f$reTrms)
  o <- optimizeGlmer(fun, stage = 2, optimizer = "bobyqa", control = list(rhobeg = 0.02, rhoend = 1e-7))
  m <- mkMerMod(environment(fun), o, f$reTrms, fr = f$fr)
  v <- as.data.frame(VarCorr(m)); sds <- setNames(v$sdcor, v$grp)
  list(log_likelihood = logLik(m), slopes = fixef(m)[-1], lean = fixef(m)[1], sds = sds[c("taste", "suit")])
}
# No ties, no random effects: Bradley-Terry with an advantage of the left side.
plain <- function() {
  e <- d[d$score != 1.5, ]
  e$l <- data.frame(method = factor(e$left, levels = methods), at = 1); e$r <- data.frame(method = factor(e$right, levels = methods), at = 0)
  m <- BTm(as.integer(e$score == 1), l, r, ~ method + at, id = "method", data = e)
  v <- sqrt(diag(vcov(m))); last <- length(coef(m))
  list(log_likelihood = logLik(m), slopes = coef(m)[-last], errors = v[-last], lean = coef(m)[last], lean_error = v[last])
}
cat("{\n", paste(c(part("ties/logit", ties("logit")), part("ties/probit", ties("probit")), part("two/logit", two("logit")),
  part("two/probit", two("probit")), part("mixed/logit", mixed("logit")), part("plain/logit", plain())), collapse = ",\n"), "\n}\n", sep = "")
