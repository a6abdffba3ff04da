// Behind the program: writes down what the function under test returned. MARK is filled in.
#undef main
#include <cmath>
#include <cstdio>
#include <string>
#include <type_traits>
#if __has_include(<boost/any.hpp>)
#include <boost/any.hpp>
#endif

namespace evalsuite {
template <class T, class = void> struct is_range : std::false_type {};
template <class T>
struct is_range<T, std::void_t<decltype(std::declval<const T &>().begin()),
                               decltype(std::declval<const T &>().end())>> : std::true_type {};
template <class T, class = void> struct is_pair : std::false_type {};
template <class T>
struct is_pair<T, std::void_t<decltype(std::declval<const T &>().first),
                              decltype(std::declval<const T &>().second)>> : std::true_type {};

inline std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    char buffer[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 32 || c > 126) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
      out += buffer;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

template <class T> std::string show(const T &value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return quoted(std::string(1, value));
  } else if constexpr (std::is_floating_point_v<T>) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.17g", static_cast<double>(value));
    return std::isfinite(value) ? buffer : quoted(buffer);
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return quoted(value);
  } else if constexpr (is_pair<T>::value) {
    return "[" + show(value.first) + "," + show(value.second) + "]";
  } else if constexpr (is_range<T>::value) {
    std::string out;
    for (const auto &item : value) out += (out.empty() ? "" : ",") + show(item);
    return "[" + out + "]";
#if __has_include(<boost/any.hpp>)
  } else if constexpr (std::is_same_v<T, boost::any>) {
    if (value.type() == typeid(int)) return show(boost::any_cast<int>(value));
    if (value.type() == typeid(double)) return show(boost::any_cast<double>(value));
    return show(boost::any_cast<std::string>(value));
#endif
  } else {
    static_assert(std::is_same_v<T, bool>, "a value of this type cannot be written down");
  }
}

template <class T> T record(T value) {
  std::printf("MARK%s\n", show(value).c_str());
  std::fflush(stdout);
  return value;
}
} // namespace evalsuite
