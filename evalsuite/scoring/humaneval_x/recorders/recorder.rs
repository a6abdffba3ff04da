// Behind the program: writes down what the function under test returned. MARK is filled in.
#[allow(dead_code)]
mod evalsuite {
    use std::collections::{HashMap, HashSet};
    use std::fmt::Debug;
    use std::io::Write;

    pub struct Value<'a, T: ?Sized>(pub &'a T);

    // Found before the general way of writing, because it needs one reference less: the order of
    // what is hashed changes from run to run.
    pub trait Unordered {
        fn shown(&self) -> String;
    }

    impl<K: Debug, V: Debug> Unordered for Value<'_, HashMap<K, V>> {
        fn shown(&self) -> String {
            sorted(self.0.iter().map(|(k, v)| format!("{k:?}: {v:?}")).collect())
        }
    }

    impl<K: Debug> Unordered for Value<'_, HashSet<K>> {
        fn shown(&self) -> String {
            sorted(self.0.iter().map(|k| format!("{k:?}")).collect())
        }
    }

    pub trait Ordered {
        fn shown(&self) -> String;
    }

    impl<T: Debug + ?Sized> Ordered for &Value<'_, T> {
        fn shown(&self) -> String {
            format!("{:?}", self.0)
        }
    }

    fn sorted(mut entries: Vec<String>) -> String {
        entries.sort();
        format!("{{{}}}", entries.join(", "))
    }

    pub fn write(text: String) {
        let mut out = std::io::stdout().lock();
        out.write_all(format!("MARK{text}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

#[allow(unused_macros)]
macro_rules! evalsuite_record {
    ($call:expr) => {{
        let value = $call;
        {
            #[allow(unused_imports)]
            use crate::evalsuite::{Ordered, Unordered};
            crate::evalsuite::write((&crate::evalsuite::Value(&value)).shown());
        }
        value
    }};
}
