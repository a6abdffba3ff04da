"""HumanEval-X in C++: HumanEval's problems, translated (Zheng et al. 2023, arXiv:2303.17568).

    /*
    You"re given a vector of deposit and withdrawal operations on a bank account [...]
    >>> below_zero({1, 2, -4, 5})
    true
    */
    #include<stdio.h>
    #include<vector>
    using namespace std;
    bool below_zero(vector<int> operations){
    ->  int num=0;
        for (int i=0;i<operations.size();i++)
        {
            num+=operations[i];
            if (num<0) return true;
        }
        return false;
    }

Success: every call that the benchmark's test makes returns what the benchmark's solution returns
(floats within the test's tolerance). The program is compiled and run in the sandbox beside the
calls alone; what they return is compared outside of it. Needs g++; where that is not on the
machine, the task says so before anything is asked.

Known flaws: 22 and 137 need Boost, 162 OpenSSL; where their headers are not on the machine, answers
to these are scorer errors. The declaration of 38 holds part of the solution, which is left out.

    evalsuite run --task code/humaneval_x_cpp --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.humaneval_x import humaneval_x_task

TASK = humaneval_x_task(
    "cpp",
    language="cpp",
    title="C++",
    sha256="af420b4b58c1b5e7f4cac9c1257daad7b20b5c77e88d59ccc120e63825f03325",
)
