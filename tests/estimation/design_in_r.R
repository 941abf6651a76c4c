# The numbers of design_in_r.csv: Rscript design_in_r.R FOLDER > design_in_r.csv, in FOLDER people.csv,
# lonely.csv and margins.csv as design_people.py writes them. R 4.2.2, survey 4.1-1.
suppressMessages(library(survey))
setwd(commandArgs(TRUE)[1])
people <- read.csv("people.csv", na.strings = c("", "NA"))
few <- read.csv("lonely.csv", na.strings = c("", "NA"))
counts <- read.csv("margins.csv")
known <- lapply(c(sex = "sex", age = "age"), function(v) {
  setNames(counts[counts$variable == v, c("category", "count")], c(v, "Freq"))
})
tables <- lapply(known, function(one) xtabs(reformulate(names(one)[1], "Freq"), one))

cat("case,domain,measure,estimate,se,ci_low,ci_high,deff,df\n")
say <- function(case, domain, measure, ...) {
  number <- function(x) ifelse(is.finite(x), sprintf("%.13g", x), "")
  cells <- vapply(c(...), number, "")
  cat(case, ifelse(is.na(domain), "", domain), measure, cells, sep = ",")
  cat("\n")
}
each <- function(design, then, of = people$domain) {
  for (domain in c(NA, sort(unique(of)))) {
    then(if (is.na(domain)) design else design[of == domain, ], domain)
  }
}

# svymean, svytotal and svyratio, with confint(df = degf(design)); deff = "replace" or TRUE.
plain <- function(case, design, deff = "replace", of = people$domain, raked = FALSE) {
  each(design, function(part, domain) {
    # With one row R's svyvar fails in a calibrated design.
    deff <- if (raked && domain %in% "E") FALSE else deff
    put <- function(measure, found, effect) {
      limits <- confint(found, df = degf(design))
      effect <- if (is.null(effect) || isTRUE(SE(found) < 1e-9)) NA else effect
      say(case, domain, measure, coef(found), SE(found), limits, effect, degf(design))
    }
    for (v in c("y", "p")) {
      found <- suppressWarnings(svymean(reformulate(v), part, na.rm = TRUE, deff = deff))
      put(v, found, attr(found, "deff"))
    }
    found <- suppressWarnings(svytotal(~y, part, na.rm = TRUE, deff = deff))
    put("total(y)", found, attr(found, "deff"))
    found <- suppressWarnings(svyratio(~y, ~x, part, na.rm = TRUE, deff = deff))
    limits <- confint(found, df = degf(design))
    effect <- if (is.null(attr(found, "deff"))) NA else attr(found, "deff")
    say(case, domain, "y/x", coef(found), sqrt(found$var), limits,
        if (isTRUE(sqrt(found$var) < 1e-9)) NA else effect, degf(design))
  }, of)
}

strata <- svydesign(~home, strata = ~stratum, weights = ~w, data = people, nest = TRUE)
counted <- svydesign(~home, strata = ~stratum, weights = ~w, fpc = ~N, data = people, nest = TRUE)
shared <- svydesign(~home, strata = ~stratum, weights = ~w, fpc = ~f, data = people, nest = TRUE)
unweighed <- svydesign(~home, strata = ~stratum, fpc = ~N, data = people, nest = TRUE)
zeros <- svydesign(~home, strata = ~stratum, weights = ~z, data = people, nest = TRUE)
homes <- svydesign(~home, weights = ~w, data = people)
control <- list(maxit = 500, epsilon = 1e-11)
raked <- rake(strata, list(~sex, ~age), unname(known), control = control)
finite <- rake(counted, list(~sex, ~age), unname(known), control = control)
calibrated <- calibrate(strata, list(~sex, ~age), unname(tables), calfun = "raking", epsilon = 1e-13)

plain("strata", strata)
plain("strata finite", strata, TRUE)
plain("counted", counted)
plain("shared", shared)
plain("unweighed", unweighed, TRUE)
plain("zeros", zeros)
plain("homes", homes)
plain("raked", raked, raked = TRUE)
plain("raked counted", finite, raked = TRUE)
plain("calibrated", calibrated, raked = TRUE)

# options(survey.lonely.psu = …)
lonely <- svydesign(~home, strata = ~stratum, weights = ~w, data = few, nest = TRUE)
for (rule in c("adjust", "average", "certainty", "remove")) {
  options(survey.lonely.psu = rule)
  plain(paste("lonely", rule), lonely, of = few$domain)
}
options(survey.lonely.psu = "adjust")
plain("lonely raked", rake(lonely, list(~sex, ~age), unname(known), control = control), FALSE,
      few$domain, TRUE)
options(survey.lonely.psu = "fail")

# svyciprop: df = degf of the domain. "logit" is "xlogit" but for the convergence of svyglm.
for (case in c("strata", "zeros", "raked")) {
  each(get(case), function(part, domain) {
    if (domain %in% c("E", "F")) return()
    for (method in c("mean", "xlogit", "beta")) {
      found <- svyciprop(~p, part, method = method, na.rm = TRUE)
      say(paste(case, method), domain, "p", coef(found), SE(found), attr(found, "ci"), NA, degf(part))
    }
  })
}

# svyquantile: df = degf of the design.
for (case in c("strata", "zeros", "counted", "raked")) for (rule in c("math", "school", "hf6", "hf7")) {
  each(get(case), function(part, domain) {
    if (domain %in% c("E", "F")) return()
    for (kind in c("mean", "xlogit")) for (p in c(0.25, 0.5, 0.8)) {
      # na.rm of a raked design would leave NA in svymean.
      part$variables$y[is.na(part$variables$y)] <- 0
      kept <- part[!is.na(get(case)$variables$y[as.integer(rownames(part$variables))]), ]
      found <- svyquantile(~y, kept, p, interval.type = kind, qrule = rule, df = degf(get(case)))
      say(paste(case, rule, kind), domain, paste0("quantile(y; ", p, ")"), coef(found), SE(found),
          confint(found), NA, degf(get(case)))
    }
  })
}

# svycontrast(svytotal(…), quote(y1/n1 - y2/n2)), of domain 1 and A, or 1 and all others.
for (case in c("strata", "counted", "raked", "calibrated")) for (against in c("A", "others")) {
  for (domain in setdiff(c("A", "B", "C", "D", "E", "F"), against)) {
    known_y <- !is.na(people$y)
    one <- known_y & people$domain == domain
    two <- known_y & (if (against == "A") people$domain == "A" else people$domain != domain)
    y <- ifelse(known_y, people$y, 0)
    sums <- svytotal(cbind(y1 = y * one, n1 = one + 0, y2 = y * two, n2 = two + 0), get(case))
    names(sums) <- c("y1", "n1", "y2", "n2")
    mean <- svycontrast(sums, quote(y1 / n1 - y2 / n2))
    total <- svycontrast(sums, quote(y1 - y2))
    df <- degf(get(case))
    say(paste(case, against), domain, "difference(y)", coef(mean), SE(mean), confint(mean, df = df), NA, df)
    say(paste(case, against), domain, "difference(total(y))", coef(total), SE(total),
        confint(total, df = df), NA, df)
  }
}

# svyby(~y, ~domain + half), and a factor: svymean(~device).
found <- svyby(~y, ~domain + half, strata, svymean, na.rm = TRUE)
for (i in seq_len(nrow(found))) {
  say("crossed", paste(found$domain[i], found$half[i], sep = " × "), "y", found$y[i], found$se[i],
      confint(found, df = degf(strata))[i, ], NA, degf(strata))
}
each(strata, function(part, domain) {
  found <- svymean(~I(device == "smart"), part)
  say("value", domain, "device=smart", coef(found)[2], SE(found)[2],
      confint(found, df = degf(strata))[2, ], NA, degf(strata))
})
