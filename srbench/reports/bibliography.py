"""The works that a report's methods section rests on, as BibTeX."""

from __future__ import annotations

from srbench.reports.findings import Findings

_ALWAYS = """\
@inproceedings{ledig2017,
  author = {Ledig, Christian and Theis, Lucas and Husz{\\'a}r, Ferenc and Caballero, Jose and Cunningham,
            Andrew and Acosta, Alejandro and Aitken, Andrew and Tejani, Alykhan and Totz, Johannes and Wang, Zehan and
            Shi, Wenzhe},
  title = {Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network},
  booktitle = {CVPR}, year = {2017}
}
@article{wilcoxon1945,
  author = {Wilcoxon, Frank}, title = {Individual Comparisons by Ranking Methods},
  journal = {Biometrics Bulletin}, volume = {1}, number = {6}, pages = {80--83}, year = {1945}
}
@article{holm1979,
  author = {Holm, Sture}, title = {A Simple Sequentially Rejective Multiple Test Procedure},
  journal = {Scandinavian Journal of Statistics}, volume = {6}, number = {2}, pages = {65--70}, year = {1979}
}
@article{owen2007,
  author = {Owen, Art B.}, title = {The Pigeonhole Bootstrap},
  journal = {The Annals of Applied Statistics}, volume = {1}, number = {2}, pages = {386--411}, year = {2007}
}
@article{vargha2000,
  author = {Vargha, Andr{\\'a}s and Delaney, Harold D.},
  title = {A Critique and Improvement of the {CL} Common Language Effect Size Statistics of {McGraw} and {Wong}},
  journal = {Journal of Educational and Behavioral Statistics}, volume = {25}, number = {2}, pages = {101--132},
  year = {2000}
}
@article{demsar2006,
  author = {Dem{\\v{s}}ar, Janez}, title = {Statistical Comparisons of Classifiers over Multiple Data Sets},
  journal = {Journal of Machine Learning Research}, volume = {7}, pages = {1--30}, year = {2006}
}
"""

_STUDY = """\
@techreport{bt500,
  institution = {ITU-R}, title = {Recommendation BT.500: Methodologies for the Subjective Assessment of the Quality of
  Television Images}, year = {2023}
}
@techreport{p910,
  institution = {ITU-T}, title = {Recommendation P.910: Subjective Video Quality Assessment Methods for Multimedia
  Applications}, year = {2023}
}
@techreport{p1401,
  institution = {ITU-T}, title = {Recommendation P.1401: Methods, Metrics and Procedures for Statistical Evaluation,
  Qualification and Comparison of Objective Quality Prediction Models}, year = {2020}
}
@article{mcgraw1996,
  author = {McGraw, Kenneth O. and Wong, S. P.},
  title = {Forming Inferences about Some Intraclass Correlation Coefficients},
  journal = {Psychological Methods}, volume = {1}, number = {1}, pages = {30--46}, year = {1996}
}
@book{krippendorff2004,
  author = {Krippendorff, Klaus}, title = {Content Analysis: An Introduction to Its Methodology},
  publisher = {Sage}, edition = {2}, year = {2004}
}
"""


def bibtex(findings: Findings) -> str:
    """Return the BibTeX entries that the methods section needs."""
    return _ALWAYS + (_STUDY if findings.opinions is not None else "")
